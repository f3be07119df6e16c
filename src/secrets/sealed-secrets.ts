import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { z } from 'zod'
import type { Field } from '../dataplane/copy-text.js'
import { CodecError } from './codec.js'
import { openOrRefuse, writtenAnew } from './reencrypt.js'
import type { Witness } from './reencrypt.js'
import { replaceSecrets } from './secret-column.js'
import type { ColumnRow, FoundSecret, SecretColumn } from './secret-column.js'
import type { Opened } from './secret-value.js'
import { secretDigest } from './secret-value.js'
import type { TransportKeys } from './transport-key.js'

/** The secrets of one column of one row on their way between two processes that hold one cell's keys each. */
export interface SealedColumn {
  /** iv, ciphertext, tag. */
  readonly sealed: Buffer
  /** Of the plaintexts, under the key of the move. */
  readonly digest: Buffer
}

/** What a sealed column is bound to: it opens nowhere else. */
export interface Binding {
  readonly moveId: string
  readonly database: string
  readonly schema: string
  readonly table: string
  readonly column: string
  /** As the target holds it. */
  readonly key: readonly string[]
}

const IV_BYTES = 12
const TAG_BYTES = 16

const parcelSchema = z.object({
  /** Conditions of the rules as they held on the source. */
  holds: z.array(z.boolean()),
  /** One for each secret of the column, in the order in which they stand. */
  secrets: z.array(
    z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('opened'), rule: z.int(), plaintext: z.base64(), meta: z.unknown().optional() }),
      z.object({ kind: z.literal('clear') }),
      z.object({ kind: z.literal('unreadable'), policy: z.enum(['stop', 'carry', 'null']) }),
    ]),
  ),
})

/** Opens the secrets of a column with the keys of the source and seals them under the transport key. Throws CodecError where one cannot be opened. */
export async function sealColumn(column: SecretColumn, row: ColumnRow, keys: TransportKeys, binding: Binding, witness: Witness): Promise<SealedColumn> {
  const secrets: unknown[] = []
  const digests: (Buffer | null)[] = []
  await replaceSecrets(column, row, async (found) => {
    const opened = await openOrRefuse(found, witness)
    secrets.push(opened.kind === 'opened' ? { kind: 'opened', rule: found.rules.indexOf(opened.rule), plaintext: opened.plaintext.toString('base64'), meta: opened.meta } : opened)
    digests.push(secretDigest(keys.digests, opened, found.value, column.name))
    return { stored: found.value }
  })
  const parcel = Buffer.from(JSON.stringify({ holds: row.holds, secrets }))
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', keys.values, iv).setAAD(boundTo(binding))
  return { sealed: Buffer.concat([iv, cipher.update(parcel), cipher.final(), cipher.getAuthTag()]), digest: digestOf(digests, keys, binding) }
}

/**
 * Writes the secrets of a column, whose other values are in place on the target, with the target's keys: by place, what column and siblings must hold.
 * Throws CodecError where the parcel was made for another row or changed on the way.
 */
export async function openColumn(column: SecretColumn, row: Pick<ColumnRow, 'values' | 'place'>, sealed: Buffer, keys: TransportKeys, binding: Binding): Promise<{ readonly written: ReadonlyMap<number, Field>; readonly holds: readonly boolean[] }> {
  const { holds, secrets } = parcelSchema.parse(JSON.parse(unsealed(sealed, keys, binding).toString('utf8')))
  let next = 0
  const written = await replaceSecrets(column, { ...row, holds }, async (found) => {
    const secret = secrets[next]
    next += 1
    if (secret === undefined) throw new CodecError('layout', 'the row holds more secrets than were sealed')
    if (secret.kind !== 'opened') return writtenAnew(secret.kind === 'clear' ? secret : { ...secret, reason: '' }, found)
    const rule = found.rules[secret.rule]
    if (rule === undefined) throw new CodecError('layout', 'the parcel names a rule that the column does not have')
    return writtenAnew({ kind: 'opened', rule, plaintext: Buffer.from(secret.plaintext, 'base64'), meta: secret.meta, keyId: null }, found)
  })
  if (next !== secrets.length) throw new CodecError('layout', 'the row holds fewer secrets than were sealed')
  return { written, holds }
}

/** The digest that `sealColumn` made, made again from what the target holds and can read with its own keys. */
export async function digestStored(column: SecretColumn, row: ColumnRow, keys: TransportKeys, binding: Binding, open: (found: FoundSecret) => Promise<Opened>): Promise<Buffer> {
  const digests: (Buffer | null)[] = []
  await replaceSecrets(column, row, async (found) => {
    digests.push(secretDigest(keys.digests, await open(found), found.value, column.name))
    return { stored: found.value }
  })
  return digestOf(digests, keys, binding)
}

function digestOf(digests: readonly (Buffer | null)[], keys: TransportKeys, binding: Binding): Buffer {
  return createHmac('sha256', keys.digests).update(boundTo(binding)).update(Buffer.concat(digests.filter((digest) => digest !== null))).digest()
}

function unsealed(sealed: Buffer, keys: TransportKeys, binding: Binding): Buffer {
  try {
    const decipher = createDecipheriv('aes-256-gcm', keys.values, sealed.subarray(0, IV_BYTES)).setAAD(boundTo(binding))
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
    return Buffer.concat([decipher.update(sealed.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()])
  } catch {
    throw new CodecError('authentication', 'the sealed value was made for another row, or changed on the way')
  }
}

function boundTo({ moveId, database, schema, table, column, key }: Binding): Buffer {
  return Buffer.from(JSON.stringify([moveId, database, schema, table, column, ...key]))
}
