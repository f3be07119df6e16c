import type { TableShape } from '../domain/move-plan.js'
import type { ErrorDocument } from '../domain/documents.js'
import type { EditPlan } from '../dataplane/secret-edit.js'
import type { Keyring } from './keyring.js'

/** What a worker is started with. Holds keys; it goes from thread to thread of one process and nowhere else. */
export interface WorkerKeys {
  readonly keyrings: Readonly<Record<'source' | 'target', Keyring | null>>
  readonly codecFiles: readonly string[]
}

/** To a worker, of one stream by its number. */
export type WorkerRequest =
  | { readonly kind: 'open'; readonly stream: number; readonly org: string; readonly table: TableShape; readonly plan: EditPlan }
  | { readonly kind: 'rows'; readonly stream: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'end'; readonly stream: number }

/** From a worker: one for each `rows` and `end`, in their order, unless the stream has failed. */
export type WorkerReply =
  | { readonly kind: 'rows'; readonly stream: number; readonly bytes: readonly Uint8Array<ArrayBuffer>[] }
  | { readonly kind: 'end'; readonly stream: number; readonly bytes: readonly Uint8Array<ArrayBuffer>[] }
  | { readonly kind: 'failed'; readonly stream: number; readonly error: ErrorDocument }

/** A copy that may be handed over. To send a view as it is would copy all of the buffer behind it, of which it may be a small part. */
export function ownBytes(view: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(view)
}
