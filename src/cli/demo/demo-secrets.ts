import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { ClientBase } from 'pg'
import { OWNERS } from './owners.js'

/** Keys of the demo's two cells: what one encrypts the other cannot read. */
export interface DemoKeys {
  readonly source: Buffer
  readonly target: Buffer
}

const [KEY_BYTES, IV_BYTES, TAG_BYTES] = [32, 12, 16]
const SECRETS = [['ci_variables', 'encrypted_value'], ['integrations', 'encrypted_properties'], ['web_hooks', 'encrypted_token'], ['access_tokens', 'encrypted_token']] as const

export function makeDemoKeys(): DemoKeys {
  return { source: randomBytes(KEY_BYTES), target: randomBytes(KEY_BYTES) }
}

/** As the demo's application would store a secret: iv, ciphertext, tag. Shares nothing with the mover's codecs, as `openDemoSecret`. */
export function sealDemoSecret(plaintext: string, key: Buffer): Buffer {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  return Buffer.concat([iv, cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()])
}

function openDemoSecret(stored: Buffer, key: Buffer): string | null {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, stored.subarray(0, IV_BYTES))
    decipher.setAuthTag(stored.subarray(-TAG_BYTES))
    return Buffer.concat([decipher.update(stored.subarray(IV_BYTES, -TAG_BYTES)), decipher.final()]).toString('utf8')
  } catch {
    return null
  }
}

/** By table, column and id, what the application of a cell reads with this key of one organization's secrets; null where it cannot. */
export type ReadSecrets = ReadonlyMap<string, string | null>

export async function readSecrets(client: ClientBase, org: string, key: Buffer): Promise<ReadSecrets> {
  const read = new Map<string, string | null>()
  for (const [table, column] of SECRETS) {
    const { rows } = await client.query<{ id: string; value: Buffer | string }>(`SELECT t.id::text, t.${column} AS value FROM public.${table} AS t WHERE t.${column} IS NOT NULL AND (${OWNERS.get(table) ?? 'NULL'})::text = $1`, [org])
    for (const { id, value } of rows) read.set(`${table}.${column} ${id}`, openDemoSecret(Buffer.isBuffer(value) ? value : Buffer.from(value, 'base64'), key))
  }
  return read
}

/** What is not as it must be: each secret reads on the target with its key as it did on the source with that one's, and with no other. */
export function secretProblems(before: ReadSecrets, after: ReadSecrets, withOldKey: ReadSecrets): readonly string[] {
  const different = [...before].filter(([name, plaintext]) => plaintext === null || after.get(name) !== plaintext).map(([name]) => `the secret ${name} does not read on the target as it did on the source`)
  const readable = [...withOldKey].filter(([, plaintext]) => plaintext !== null).map(([name]) => `the secret ${name} on the target opens with the key of the source`)
  return [...(before.size === 0 ? ['the organization has no secrets at all'] : []), ...different, ...readable]
}
