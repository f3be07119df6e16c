import { formatDuration } from '../domain/durations.js'
import { MoverError } from '../domain/errors.js'

/**
 * Ends the work of a driver once the organization has been frozen for longer than the move may freeze it. The signal is for the time before
 * the cutover alone: `stop` comes first there, since what stops half way through a flip would only have to be gone on with.
 */
export class WindowWatch implements Disposable {
  readonly #spent = new AbortController()
  #timer: NodeJS.Timeout | null = null

  /** Aborted with OM3019. */
  get signal(): AbortSignal {
    return this.#spent.signal
  }

  /** From when the organization is frozen on; told twice, the last time counts. */
  start(maxMs: number, frozenForMs: number): void {
    this.stop()
    // a timer of Node holds 2^31 ms; no window is that long, and the gate before the flip asks again
    this.#timer = setTimeout(() => this.#spent.abort(windowSpent(maxMs)), Math.min(Math.max(0, maxMs - frozenForMs), 2 ** 31 - 1))
    this.#timer.unref()
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  [Symbol.dispose](): void {
    this.stop()
  }
}

export function windowSpent(maxMs: number): MoverError {
  return new MoverError({
    code: 'OM3019',
    message: `the organization was frozen for longer than --max-window allows (${formatDuration(maxMs)}); the route was not flipped, and the move takes itself back`,
    hint: 'nothing is lost: find out what took so long (`org-mover report`), then begin again with a longer window',
    retry: 'after-fix',
  })
}
