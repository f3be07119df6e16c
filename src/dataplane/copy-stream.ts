import { Transform } from 'node:stream'
import type { TransformCallback } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { RowSplitter } from './copy-text.js'
import type { Row } from './copy-text.js'
import type { Pace } from './pace.js'
import { MoverError } from '../domain/errors.js'
import { classify } from '../postgres/errors.js'
import type { Session } from '../postgres/session.js'
import { watchSilence } from '../postgres/silence-watch.js'

export interface CopyRequest {
  readonly source: Session
  /** COPY (…) TO STDOUT */
  readonly out: string
  readonly target: Session
  /** COPY … FROM STDIN, the same format */
  readonly into: string
  readonly signal?: AbortSignal
  /** Called with the size of each buffer that passed. */
  readonly onBytes?: (bytes: number) => void
  /** What becomes of the rows on the way; text format only. */
  readonly stage?: Transform | null
  readonly pace?: Pace | null
}

/**
 * Streams one COPY into another, without looking at the rows unless there is a `stage`; memory is bounded by the streams' buffers. Resolves with the
 * rows that both servers counted. Any failure on either side, an abort or a stall destroys both sessions: their backends
 * cannot be used again. Throws OM4004 where the counts differ, else what `classify` makes of the first error.
 */
export async function copyBetween(request: CopyRequest): Promise<{ readonly rows: number; readonly bytes: number }> {
  const { source, target, signal } = request
  const reading = copyTo(request.out)
  const writing = copyFrom(request.into)
  const counter = new ByteCounter(request.onBytes, request.pace ?? null, signal)
  const destroyBoth = (): void => {
    source.destroy()
    target.destroy()
  }
  const watchdog = watchSilence({
    timeoutMs: Math.max(source.answerTimeoutMs, target.answerTimeoutMs),
    // what the pace holds back is no silence of a server
    seen: () => (counter.isHeld ? performance.now() : counter.bytes),
    // a long scan before the first row, or a long index build after the last, sends nothing either
    isWorking: async () => (await Promise.all([source.isServerWorking(), target.isServerWorking()])).includes(true),
    cut: destroyBoth,
  })
  signal?.addEventListener('abort', destroyBoth, { once: true })
  try {
    signal?.throwIfAborted()
    source.client.query(reading)
    target.client.query(writing)
    await (request.stage == null ? pipeline(reading, counter, writing) : pipeline(reading, request.stage, counter, writing))
    const sent = reading.rowCount
    if (sent !== writing.rowCount) {
      throw new MoverError({
        code: 'OM4004',
        message: `${source.label} sent ${sent} rows, ${target.label} stored ${writing.rowCount}; the transaction was rolled back`,
        hint: 'look for rules or triggers that drop rows on the target, then run `org-mover resume`',
        retry: 'after-fix',
      })
    }
    return { rows: sent, bytes: counter.bytes }
  } catch (error) {
    destroyBoth()
    signal?.throwIfAborted()
    if (watchdog.hasCut) throw new MoverError({ code: 'OM3008', message: `no byte moved from ${source.label} to ${target.label} for too long; both connections were cut`, hint: 'run `org-mover resume`', retry: 'safe', cause: error })
    throw classify(error, `${source.label} -> ${target.label}`)
  } finally {
    watchdog.stop()
    signal?.removeEventListener('abort', destroyBoth)
  }
}

/** The rows of a COPY (…) TO STDOUT in text format, as many at once as came in one piece: to wait for each would cost more than to read it. A session that is not read to the end is destroyed. */
export async function* copiedRows(session: Session, out: string): AsyncGenerator<readonly Row[]> {
  const splitter = new RowSplitter()
  const reading = copyTo(out)
  let ended = false
  try {
    for await (const chunk of session.client.query(reading)) {
      if (!Buffer.isBuffer(chunk)) throw new TypeError('the stream of a COPY yields buffers')
      yield [...splitter.rows(chunk)]
    }
    splitter.end()
    ended = true
  } catch (error) {
    throw classify(error, session.label)
  } finally {
    if (!ended) session.destroy()
  }
}

class ByteCounter extends Transform {
  bytes = 0
  isHeld = false
  readonly #onBytes: ((bytes: number) => void) | undefined
  readonly #pace: Pace | null
  readonly #signal: AbortSignal | undefined

  constructor(onBytes: ((bytes: number) => void) | undefined, pace: Pace | null, signal: AbortSignal | undefined) {
    super()
    this.#onBytes = onBytes
    this.#pace = pace
    this.#signal = signal
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    const pass = (): void => {
      this.isHeld = false
      this.bytes += chunk.length
      this.#onBytes?.(chunk.length)
      done(null, chunk)
    }
    const wait = this.#pace?.take(chunk.length, this.#signal) ?? null
    if (wait === null) return pass()
    this.isHeld = true
    wait.then(pass, done)
  }
}
