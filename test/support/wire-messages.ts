/** PostgreSQL's messages, cut out of a stream of bytes. */

export interface WireMessage {
  /** Its letter; empty for those at the start of a connection, which have none. */
  readonly type: string
  readonly body: Buffer
  /** As it came, to be passed on. */
  readonly bytes: Buffer
}

export const SSL_REQUEST = 80877103
export const GSS_REQUEST = 80877104
export const CANCEL_REQUEST = 80877102

/** Collects what arrives and yields every message that is complete. */
export class MessageReader {
  #rest: Buffer = Buffer.alloc(0)
  #hasType: boolean

  constructor({ hasType }: { readonly hasType: boolean }) {
    this.#hasType = hasType
  }

  /** From here on messages begin with a letter. */
  expectTypes(): void {
    this.#hasType = true
  }

  *read(data: Buffer): Generator<WireMessage> {
    this.#rest = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data])
    for (;;) {
      const head = this.#hasType ? 1 : 0
      if (this.#rest.length < head + 4) return
      const end = head + this.#rest.readInt32BE(head)
      if (this.#rest.length < end) return
      const bytes = this.#rest.subarray(0, end)
      const type = head === 0 ? '' : String.fromCharCode(bytes[0] ?? 0)
      this.#rest = this.#rest.subarray(end)
      yield { type, body: bytes.subarray(head + 4), bytes }
    }
  }
}

export function message(type: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length + 4)
  return Buffer.concat([Buffer.from(type), length, body])
}

export function text(value: string): Buffer {
  return Buffer.from(`${value}\0`)
}

export function cancelRequest(key: Buffer): Buffer {
  const code = Buffer.alloc(4)
  code.writeInt32BE(CANCEL_REQUEST)
  return message('', Buffer.concat([code, key]))
}
