import { rename, rm, writeFile } from 'node:fs/promises'
import { MoverError } from '../domain/errors.js'
import type { MoveMetrics } from './metrics.js'

/** As often as the textfile collector of the node exporter is scraped by default, or more often. */
const EVERY_MS = 5_000

export interface MetricsFile extends AsyncDisposable {
  /** What a file could not be written for, since it was last asked. */
  readonly failure: string | null
}

/**
 * Keeps a file for the node exporter's textfile collector: written beside it and renamed, so that no scrape sees half of it. It stays when the
 * process has gone. OM1009 where it cannot be written at first; later failures end no move.
 */
export async function keepMetricsFile(metrics: MoveMetrics, file: string, everyMs = EVERY_MS): Promise<MetricsFile> {
  let failure: string | null = null
  const write = async (): Promise<void> => {
    const draft = `${file}.${process.pid}`
    try {
      await writeFile(draft, await metrics.text(), { mode: 0o644 })
      await rename(draft, file)
    } catch (error) {
      await rm(draft, { force: true }).catch(() => undefined)
      throw error
    }
  }
  await write().catch((error: NodeJS.ErrnoException) => {
    throw new MoverError({ code: 'OM1009', message: `metrics cannot be written to ${file} (${error.code ?? error.name}); nothing was begun`, hint: 'name a file in a folder that may be written to', retry: 'after-fix' })
  })
  let last = Promise.resolve()
  const again = (): void => {
    last = last.then(write).catch((error: NodeJS.ErrnoException) => {
      failure = error.code ?? error.name
    })
  }
  const timer = setInterval(again, everyMs)
  timer.unref()
  return {
    get failure() {
      return failure
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer)
      again()
      await last
    },
  }
}
