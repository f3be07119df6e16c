import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { Transform } from 'node:stream'
import type { TransformCallback } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { MoverError } from '../domain/errors.js'
import type { TableShape } from '../domain/move-plan.js'
import type { EditPlan } from '../dataplane/secret-edit.js'
import { ownBytes } from './worker-messages.js'
import type { WorkerKeys, WorkerReply, WorkerRequest } from './worker-messages.js'

/** Beside this file once it is built; where the program runs from its sources there are no workers. */
const SCRIPT = new URL('./reencrypt-worker.js', import.meta.url)

/** Pieces of one stream that may be under way at once: enough that neither side waits for the other, few enough that memory stays bounded. */
const MOST_UNDER_WAY = 4

/** How many threads encrypt: as configured, else what the machine has beside this one. None where it has no other. */
export function workersOf(configured: number | null): number {
  return existsSync(fileURLToPath(SCRIPT)) ? (configured ?? Math.max(0, availableParallelism() - 2)) : 0
}

type Listener = (reply: WorkerReply) => void

/** Threads that encrypt secrets anew. Started when first needed; they never keep the process alive. */
export class WorkerPool {
  readonly #size: number
  readonly #keys: () => Promise<WorkerKeys>
  #threads: Promise<readonly Thread[]> | null = null
  #streams = 0

  constructor(size: number, keys: () => Promise<WorkerKeys>) {
    this.#size = size
    this.#keys = keys
  }

  /** A stage for one stream of a table's rows: what `RowEditor` does, in one of the threads. */
  stage(org: string, table: TableShape, plan: EditPlan): Transform {
    const stream = (this.#streams += 1)
    return new WorkerStage(async (listener) => {
      this.#threads ??= this.#start()
      const threads = await this.#threads
      const thread = threads[stream % threads.length]
      if (thread === undefined) throw new RangeError('a pool without threads')
      thread.listen(stream, listener)
      thread.send({ kind: 'open', stream, org, table, plan })
      return { send: (request) => thread.send({ ...request, stream }), close: () => thread.forget(stream) }
    })
  }

  async #start(): Promise<readonly Thread[]> {
    const keys = await this.#keys()
    return Array.from({ length: this.#size }, () => new Thread(keys))
  }
}

class Thread {
  readonly #worker: Worker
  readonly #listeners = new Map<number, Listener>()

  constructor(keys: WorkerKeys) {
    this.#worker = new Worker(SCRIPT, { workerData: keys })
    this.#worker.unref()
    this.#worker.on('message', (reply: WorkerReply) => this.#listeners.get(reply.stream)?.(reply))
    // what a thread died of may hold anything: it is not told
    this.#worker.on('error', () => this.#fail())
    this.#worker.on('exit', () => this.#fail())
  }

  listen(stream: number, listener: Listener): void {
    this.#listeners.set(stream, listener)
  }

  forget(stream: number): void {
    this.#listeners.delete(stream)
  }

  send(request: WorkerRequest): void {
    this.#worker.postMessage(request, request.kind === 'rows' ? [request.bytes.buffer] : [])
  }

  #fail(): void {
    for (const [stream, listener] of this.#listeners) listener({ kind: 'failed', stream, error: { code: 'OM9002', message: 'a thread that encrypts secrets ended', hint: 'run `org-mover resume`; secrets.workers: 0 does without threads', retry: 'safe' } })
  }
}

interface Channel {
  readonly send: (request: { readonly kind: 'rows'; readonly bytes: Uint8Array<ArrayBuffer> } | { readonly kind: 'end' }) => void
  readonly close: () => void
}

/** Sends what comes in to a thread and passes on what comes back, in order. */
class WorkerStage extends Transform {
  readonly #connect: (listener: Listener) => Promise<Channel>
  #channel: Channel | null = null
  #underWay = 0
  #waiting: TransformCallback | null = null
  #ended: TransformCallback | null = null
  #failure: Error | null = null

  constructor(connect: (listener: Listener) => Promise<Channel>) {
    super()
    this.#connect = connect
  }

  override _construct(done: (error?: Error | null) => void): void {
    void this.#open(done)
  }

  async #open(done: (error?: Error | null) => void): Promise<void> {
    let failure: Error | null = null
    try {
      this.#channel = await this.#connect((reply) => this.#heard(reply))
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error))
    }
    done(failure)
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    if (this.#failure !== null) return done(this.#failure)
    this.#channel?.send({ kind: 'rows', bytes: ownBytes(chunk) })
    this.#underWay += 1
    if (this.#underWay < MOST_UNDER_WAY) done()
    else this.#waiting = done
  }

  override _flush(done: TransformCallback): void {
    if (this.#failure !== null) return done(this.#failure)
    this.#ended = done
    this.#channel?.send({ kind: 'end' })
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#channel?.close()
    done(error)
  }

  #heard(reply: WorkerReply): void {
    if (reply.kind === 'failed') {
      const { code, ...rest } = reply.error
      this.#failure = new MoverError({ code: code as MoverError['code'], ...rest })
    } else for (const bytes of reply.bytes) this.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    this.#underWay -= reply.kind === 'rows' ? 1 : 0
    const next = reply.kind === 'rows' ? this.#waiting : (this.#ended ?? this.#waiting)
    if (next === null) {
      if (this.#failure !== null) this.destroy(this.#failure)
      return
    }
    if (next === this.#waiting) this.#waiting = null
    else this.#ended = null
    next(this.#failure)
  }
}
