import { parentPort, workerData } from 'node:worker_threads'
import { RowEditor } from '../dataplane/copy-text.js'
import { secretEdit } from '../dataplane/secret-edit.js'
import { errorDocument } from '../domain/documents.js'
import { asMoverError, bug } from '../domain/errors.js'
import { loadCodecs } from './load-codecs.js'
import { Vault } from './vault.js'
import { ownBytes } from './worker-messages.js'
import type { WorkerKeys, WorkerReply, WorkerRequest } from './worker-messages.js'

/** A thread that encrypts the secrets of streams anew: rows in, rows out, in order, each stream by itself. Started by `WorkerPool`. */

const { keyrings, codecFiles } = workerData as WorkerKeys
const codecs = loadCodecs(codecFiles)
const streams = new Map<number, Promise<RowEditor>>()

async function open({ org, table, plan }: Extract<WorkerRequest, { kind: 'open' }>): Promise<RowEditor> {
  const vault = new Vault({ mode: 'inline', transportKey: null, workers: null, keyring: async (side) => keyrings[side], codecs: () => codecs })
  await vault.open({ org, source: '', target: '', databases: [], keySets: [], owned: [], shared: [{ ...table, where: null, differBy: [], purge: null }], lookups: [], skipped: [] })
  const pass = vault.pass(table)
  if (pass === null) throw bug('a stream without secrets was sent to a worker')
  const editor = new RowEditor(secretEdit(pass, plan))
  // each write tells its own failure; without a listener the first would end the thread
  editor.on('error', () => undefined)
  return editor
}

/** What the editor yields for one piece; it never waits for a reader. */
function written(editor: RowEditor, bytes: Uint8Array | null): Promise<readonly Uint8Array<ArrayBuffer>[]> {
  return new Promise((resolve, reject) => {
    const out: Uint8Array<ArrayBuffer>[] = []
    const take = (): void => {
      for (let piece: unknown = editor.read(); Buffer.isBuffer(piece); piece = editor.read()) out.push(ownBytes(piece))
    }
    const settle = (error: Error | null | undefined): void => {
      editor.off('readable', take)
      if (error != null) return reject(error)
      take()
      resolve(out)
    }
    editor.on('readable', take)
    if (bytes === null) editor.end(settle)
    else editor.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), settle)
  })
}

async function answer(request: Exclude<WorkerRequest, { kind: 'open' }>): Promise<WorkerReply> {
  const { stream } = request
  try {
    const editor = await streams.get(stream)
    if (editor === undefined) throw bug('a stream that was not opened')
    const bytes = await written(editor, request.kind === 'rows' ? request.bytes : null)
    if (request.kind === 'end') streams.delete(stream)
    return { kind: request.kind, stream, bytes }
  } catch (error) {
    streams.delete(stream)
    return { kind: 'failed', stream, error: errorDocument(asMoverError(error)) }
  }
}

const last = new Map<number, Promise<unknown>>()

async function tell(turn: Promise<WorkerReply>): Promise<void> {
  const reply = await turn
  if (reply.kind !== 'rows') last.delete(reply.stream)
  parentPort?.postMessage(reply, reply.kind === 'failed' ? [] : reply.bytes.map(({ buffer }) => buffer))
}

parentPort?.on('message', (request: WorkerRequest) => {
  if (request.kind === 'open') {
    const opening = open(request)
    // what came of it is told with the first rows
    opening.catch(() => undefined)
    streams.set(request.stream, opening)
    return
  }
  const turn = (last.get(request.stream) ?? Promise.resolve()).then(() => answer(request))
  last.set(request.stream, turn)
  void tell(turn)
})
