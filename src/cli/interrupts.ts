import type { InterruptSignal } from './exit-code.js'
import type { Host } from './host.js'

export interface Interrupts extends Disposable {
  readonly signal: AbortSignal
  readonly by: InterruptSignal | null
}

/** The first SIGINT or SIGTERM asks the command to stop at its next safe point, the second ends the process at once. */
export function listenForInterrupts(host: Host, notify: (text: string) => void): Interrupts {
  const controller = new AbortController()
  let by: InterruptSignal | null = null
  const handle = (signal: InterruptSignal) => () => {
    if (by !== null) return host.exit(signal === 'SIGINT' ? 130 : 143)
    by = signal
    notify('stopping at the next safe point; once more to stop at once')
    controller.abort(interruption())
  }
  const stops = (['SIGINT', 'SIGTERM'] as const).map((signal) => host.onSignal(signal, handle(signal)))
  return {
    signal: controller.signal,
    get by() {
      return by
    },
    [Symbol.dispose]: () => {
      for (const stop of stops) stop()
    },
  }
}

/** For commands that change nothing: leave at once, whatever they wait for. */
export function orInterrupted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop: () => void = () => undefined
  const interrupted = new Promise<never>((_resolve, reject) => {
    const onAbort = (): void => reject(interruption())
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    stop = () => signal.removeEventListener('abort', onAbort)
  })
  return Promise.race([work, interrupted]).finally(() => stop())
}

function interruption(): DOMException {
  return new DOMException('interrupted', 'AbortError')
}

export function isInterruption(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'AbortError'
}
