import { createCipheriv, createHash } from 'node:crypto'
import type { Transform } from 'node:stream'
import type * as CopyText from '../src/dataplane/copy-text.js'
import type * as SecretEdits from '../src/dataplane/secret-edit.js'
import type { TableShape } from '../src/domain/move-plan.js'
import type * as Codecs from '../src/secrets/codecs/built-in-codecs.js'
import type * as Vaults from '../src/secrets/vault.js'

/**
 * What encrypting anew yields by itself, without servers, which on a small machine leave no core to measure it on: streams of rows with one AES-256-GCM column through the
 * stage of the copy, in this thread and in threads of their own. Printed by `npm run bench:secrets`.
 */

/** Worker threads run the built program. */
const built = async <T>(path: string): Promise<T> => (await import(new URL(`../dist/${path}.js`, import.meta.url).href)) as T

const key = (name: string): Buffer => createHash('sha256').update(name).digest()
const keyring = (name: string) => new Map([['app', { current: 'k1', versions: new Map([['k1', key(name).toString('base64')]]) }]])

const STREAMS = 2
const PIECE_BYTES = 64 * 1024
const NAMES = ['id', 'organization_id', 'name', 'token', 'created_at', 'scopes']
/** The secret is read and written, the row's id stands again behind the row, for both sides. */
const PLAN = { reads: [3, 6, 7], writes: [3], kept: NAMES.length, ends: [1, 1, 2], goesOn: [0] } as const

function table(): TableShape {
  const secret = { path: null, codec: 'aes-256-gcm', key: 'app', options: {}, when: null, clear: 'error', unreadable: 'stop' }
  const columns = NAMES.map((name) => ({ name, castType: { schema: 'pg_catalog', name: name === 'token' ? 'bytea' : 'text' }, secrets: name === 'token' ? [secret] : [], fromSecret: false, rule: null }))
  return { no: 1, id: { database: 'main', schema: 'public', name: 'tokens' }, columns, identity: ['id'], references: [], inbound: [] } as unknown as TableShape
}

function rowsAsCopied(rows: number): Buffer {
  const lines = Array.from({ length: rows }, (_, id) => {
    const iv = key(String(id)).subarray(0, 12)
    const cipher = createCipheriv('aes-256-gcm', key('source'), iv)
    const sealed = Buffer.concat([iv, cipher.update(`token of row ${id}`), cipher.final(), cipher.getAuthTag()])
    return `${id}\t1\ttoken number ${id}\t\\\\x${sealed.toString('hex')}\t2026-01-01 00:00:00+00\t{read,write}\t${id}\t${id}\n`
  })
  return Buffer.from(lines.join(''))
}

async function through(stage: Transform, bytes: Buffer): Promise<void> {
  const ended = new Promise<void>((resolve, reject) => void stage.on('end', resolve).on('error', reject))
  stage.resume()
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) if (!stage.write(bytes.subarray(at, at + PIECE_BYTES))) await new Promise<void>((resolve) => void stage.once('drain', resolve))
  stage.end()
  await ended
}

/** Rows a second of two streams at once, by number of threads beside this one; the better of two runs, since the first one warms up. */
export async function stageRates(rows: number): Promise<readonly { readonly workers: number; readonly rate: number }[]> {
  const { Vault } = await built<typeof Vaults>('secrets/vault')
  const { builtInCodecs } = await built<typeof Codecs>('secrets/codecs/built-in-codecs')
  const { RowEditor } = await built<typeof CopyText>('dataplane/copy-text')
  const { secretEdit } = await built<typeof SecretEdits>('dataplane/secret-edit')
  const bytes = rowsAsCopied(rows)
  const rates: { workers: number; rate: number }[] = []
  for (const workers of [0, 1, STREAMS]) {
    const vault = new Vault({ mode: 'inline', transportKey: null, workers: { count: workers, codecFiles: [] }, keyring: async (side) => keyring(side), codecs: async () => builtInCodecs })
    await vault.open({ org: '1', source: 'a', target: 'b', databases: ['main'], keySets: [], owned: [], shared: [{ ...table(), where: null, differBy: [], purge: null }], lookups: [], skipped: [] } as never)
    const pass = vault.pass({ no: 1 })
    if (pass === null) throw new RangeError('a table with a secret was to have a pass')
    let best = 0
    for (let run = 0; run < 2; run += 1) {
      const begun = performance.now()
      await Promise.all(Array.from({ length: STREAMS }, () => through(pass.stage?.(PLAN) ?? new RowEditor(secretEdit(pass, PLAN)), bytes)))
      best = Math.max(best, (STREAMS * rows * 1000) / (performance.now() - begun))
    }
    rates.push({ workers, rate: best })
  }
  return rates
}
