import pLimit from 'p-limit'
import type { Pace } from '../dataplane/pace.js'

/**
 * Runs `work` over items, at most `jobs` at once, in their order, each when its turn has come by `pace`. After a failure (or an abort) nothing new begins; the first
 * error is thrown once those under way have ended, so that no session is in use when the caller cleans up.
 */
export async function inParallel<T>(items: readonly T[], options: { readonly jobs: number; readonly signal: AbortSignal; readonly pace?: Pace }, work: (item: T) => Promise<void>): Promise<void> {
  const limit = pLimit(options.jobs)
  const failure: { error: unknown }[] = []
  await Promise.all(
    items.map((item) =>
      limit(async () => {
        if (failure.length > 0 || options.signal.aborted) return
        try {
          await options.pace?.turn(options.signal)
          if (failure.length > 0) return
          await work(item)
        } catch (error) {
          failure.push({ error })
        }
      }),
    ),
  )
  options.signal.throwIfAborted()
  const [first] = failure
  if (first !== undefined) throw first.error
}
