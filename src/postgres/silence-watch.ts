export interface SilenceWatchOptions {
  /** Cut after so long without a byte and without progress. */
  readonly timeoutMs: number
  /** Any number that grows while something arrives. */
  readonly seen: () => number
  /** Whether a server that sends nothing is at work nevertheless. */
  readonly isWorking: () => Promise<boolean>
  readonly cut: () => void
}

/** A watch that runs until `stop`. */
export interface SilenceWatch {
  readonly hasCut: boolean
  stop(): void
}

/**
 * Ends a wait that nothing would end: a half-open connection looks like a long statement. Twice within the time, when nothing
 * arrived since, the server is asked whether it works on it; only after two noes in a row is the connection cut, since an answer may
 * be on its way while the question is asked.
 */
export function watchSilence({ timeoutMs, seen, isWorking, cut }: SilenceWatchOptions): SilenceWatch {
  const state = { hasCut: false, isStopped: false }
  let [before, noes] = [seen(), 0]
  const look = async (): Promise<void> => {
    const now = seen()
    noes = now !== before || (await isWorking()) ? 0 : noes + 1
    before = now
    if (state.isStopped) return
    if (noes < 2) return again()
    state.hasCut = true
    cut()
  }
  let timer: NodeJS.Timeout
  const again = (): void => {
    timer = setTimeout(() => void look(), timeoutMs / 2)
    timer.unref()
  }
  again()
  return {
    get hasCut() {
      return state.hasCut
    },
    stop() {
      state.isStopped = true
      clearTimeout(timer)
    },
  }
}
