import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { CodecContext, StoredValue } from '../../src/secrets/codec.js'
import { builtInCodecs } from '../../src/secrets/codecs/built-in-codecs.js'
import type { NamedKey } from '../../src/secrets/keyring.js'
import { cellsInProcess } from '../support/cells-in-process.js'
import type { TestDatabase } from '../support/database.js'

/**
 * Every built-in codec on its way through a whole move: columns, siblings, unique indexes, verification. That the codecs write what the original
 * libraries read is shown by their vectors (test/unit/secrets); here pgcrypto alone is asked on both servers itself.
 */

type Cell = 'a' | 'b'

const bytes = (cell: Cell, name: string): string => createHash('sha256').update(`${cell} ${name}`).digest('base64')

const keysOf = (cell: Cell): Readonly<Record<string, unknown>> => ({
  app: { current: 'k1', versions: { k1: bytes(cell, 'app') } },
  words: { current: 'k1', versions: { k1: `pass phrase of cell ${cell} that is long enough` } },
  rails: { current: 'v2', versions: { v1: { primary_key: bytes(cell, 'old'), deterministic_key: bytes(cell, 'old d'), key_derivation_salt: bytes(cell, 'salt') }, v2: { primary_key: bytes(cell, 'new'), deterministic_key: bytes(cell, 'new d'), key_derivation_salt: bytes(cell, 'salt') } } },
  messages: { current: 'm1', versions: { m1: { secret: bytes(cell, 'secret'), salt: 'encrypted cookie' } } },
})

interface SecretSpec {
  readonly column: string
  readonly type: 'text' | 'bytea'
  readonly rule: Readonly<Record<string, unknown>> & { readonly codec: string; readonly key: string }
  readonly extra?: readonly string[]
}

const SECRETS: readonly SecretSpec[] = [
  { column: 'gcm_raw', type: 'bytea', rule: { codec: 'aes-256-gcm', key: 'app' } },
  { column: 'gcm_hex', type: 'text', rule: { codec: 'aes-256-gcm', key: 'app', encoding: 'hex', prefix: '{key}:', layout: ['tag', 'iv', 'ciphertext'] } },
  { column: 'gcm_same', type: 'text', rule: { codec: 'aes-256-gcm', key: 'app', deterministic: true } },
  { column: 'rails_random', type: 'text', rule: { codec: 'active-record', key: 'rails' } },
  { column: 'rails_same', type: 'text', rule: { codec: 'active-record', key: 'rails', deterministic: true } },
  { column: 'encrypted_otp', type: 'text', rule: { codec: 'attr-encrypted', key: 'words', key_encoding: 'text', mode: 'per_attribute_iv_and_salt' }, extra: ['encrypted_otp_iv', 'encrypted_otp_salt'] },
  { column: 'encrypted_cbc', type: 'text', rule: { codec: 'attr-encrypted', key: 'app', algorithm: 'aes-256-cbc' }, extra: ['encrypted_cbc_iv'] },
  { column: 'phone_ciphertext', type: 'text', rule: { codec: 'lockbox', key: 'app', table: 'users', attribute: 'phone_ciphertext' } },
  { column: 'token', type: 'text', rule: { codec: 'fernet', key: 'app' } },
  { column: 'message', type: 'text', rule: { codec: 'message-encryptor', key: 'messages' } },
  { column: 'message_cbc', type: 'text', rule: { codec: 'message-encryptor', key: 'messages', cipher: 'aes-256-cbc' } },
]

const ROWS = 12

function contextOf(cell: Cell, spec: SecretSpec, siblings: CodecContext['siblings']): CodecContext {
  const { codec: _, key, ...options } = spec.rule
  const named = keysOf(cell)[key] as { readonly current: string; readonly versions: Readonly<Record<string, string>> }
  return { key: { current: named.current, versions: new Map(Object.entries(named.versions)) } satisfies NamedKey, options, schema: 'public', table: 'people', column: spec.column, primaryKey: {}, siblings }
}

function plaintext(spec: SecretSpec, id: number): string {
  return `${spec.column} of ${id}, é${id % 3 === 0 && spec.column !== 'rails_same' ? ' and more'.repeat(40) : ''}`
}

/** As the application of a cell writes it. */
async function write(cell: Cell, spec: SecretSpec, id: number): Promise<Readonly<Record<string, StoredValue | null>>> {
  const codec = builtInCodecs.get(spec.rule.codec)
  if (codec === undefined) throw new Error(`no codec ${spec.rule.codec}`)
  const meta = { bytes: spec.type === 'bytea' }
  const written = await codec.encrypt(Buffer.from(plaintext(spec, id)), { ...contextOf(cell, spec, Object.fromEntries((spec.extra ?? []).map((name) => [name, null]))), meta })
  return typeof written === 'string' || Buffer.isBuffer(written) ? { [spec.column]: written } : { [spec.column]: written.stored, ...written.siblings }
}

async function read(database: TestDatabase, cell: Cell): Promise<readonly string[]> {
  const lines: string[] = []
  for (const row of await database.query<Record<string, string | Buffer | null>>('SELECT * FROM people WHERE organization_id = 1 ORDER BY id')) {
    for (const spec of SECRETS) {
      const siblings = Object.fromEntries((spec.extra ?? []).map((name) => [name, row[name] ?? null]))
      const open = async () => builtInCodecs.get(spec.rule.codec)?.decrypt(row[spec.column] ?? '', contextOf(cell, spec, siblings))
      const opened = await open().catch(() => null)
      lines.push(`${String(row['id'])} ${spec.column} ${opened?.plaintext.toString() ?? '?'}`)
    }
  }
  return lines
}

const COLUMNS = SECRETS.flatMap(({ column, type, extra = [] }) => [[column, type], ...extra.map((name) => [name, 'text'])])
const SCHEMA = `
  CREATE EXTENSION pgcrypto;
  CREATE TABLE organizations (id bigint PRIMARY KEY);
  CREATE TABLE people (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, ${COLUMNS.map(([name, type]) => `${name} ${type}`).join(', ')}, pgp bytea, pgp_armor text);
  CREATE UNIQUE INDEX ON people (gcm_same); CREATE UNIQUE INDEX ON people (rails_same);`

describe('every codec on a whole move (P8)', () => {
  test('what the source wrote reads on the target as what its own application would have written', { timeout: 240_000 }, async () => {
    const tables = { 'public.people': { columns: { ...Object.fromEntries(SECRETS.map(({ column, rule }) => [column, { secret: rule }])), pgp: { secret: { codec: 'pgcrypto', key: 'words' } }, pgp_armor: { secret: { codec: 'pgcrypto', key: 'words' } } } } }
    await using cells = await cellsInProcess({ databases: ['main'], orgs: ['1'], keyrings: { a: { keys: keysOf('a') }, b: { keys: keysOf('b') } }, setUp: () => SCHEMA, config: { tenancy: { tables } } })
    const [a, b] = [cells.databases.a.get('main'), cells.databases.b.get('main')]
    if (a === undefined || b === undefined) throw new Error('no main database')
    await a.query('INSERT INTO organizations VALUES (1)')
    for (let id = 1; id <= ROWS; id += 1) {
      const values: [string, StoredValue | null][] = []
      for (const spec of SECRETS) values.push(...Object.entries(await write('a', spec, id)))
      await a.query(
        `INSERT INTO people (id, organization_id, ${values.map(([name]) => name).join(', ')}, pgp, pgp_armor) VALUES (${id}, 1, ${values.map((_, n) => `$${n + 1}`).join(', ')}, pgp_sym_encrypt('pgp ${id}', $${values.length + 1}, 'compress-algo=${id % 3}, cipher-algo=aes${id % 2 === 0 ? 128 : 256}'), armor(pgp_sym_encrypt_bytea('\\x00ff${String(id).padStart(2, '0')}', $${values.length + 1})))`,
        [...values.map(([, value]) => value), 'pass phrase of cell a that is long enough'],
      )
    }
    const before = await read(a, 'a')
    expect(before.filter((line) => line.endsWith('?'))).toEqual([])
    const moved = await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
    expect([moved.error, moved.findings, moved.verification.verdict, moved.state]).toEqual([null, [], 'equal', 'cut_over'])
    expect(await read(b, 'b')).toEqual(before)
    expect((await read(b, 'a')).filter((line) => !line.endsWith('?')), 'with the keys of the source').toEqual([])
    // what is looked up and unique by its ciphertext is what the target's application makes of the same plaintext
    for (const spec of SECRETS.filter(({ rule }) => rule['deterministic'] === true)) {
      for (let id = 1; id <= ROWS; id += 1) {
        const [found] = await b.query<{ value: string }>(`SELECT ${spec.column} AS value FROM people WHERE id = ${id}`)
        if (spec.rule.codec === 'aes-256-gcm') expect(found?.value).toBe((await write('b', spec, id))[spec.column])
      }
    }
    expect(await b.query(`SELECT count(*)::int AS rows FROM people AS p WHERE pgp_sym_decrypt(p.pgp, $1) = 'pgp ' || p.id AND pgp_sym_decrypt_bytea(dearmor(p.pgp_armor), $1) = decode('00ff' || lpad(p.id::text, 2, '0'), 'hex')`, ['pass phrase of cell b that is long enough'])).toEqual([{ rows: ROWS }])
    expect(moved.secrets.filter(({ side, column }) => side === 'target' && column === 'rails_random').map(({ keys }) => keys)).toEqual([{ v2: ROWS }])
    const purged = await cells.app.purge(moved.moveId ?? '', {}, cells.io)
    expect([purged.error, purged.state]).toEqual([null, 'completed'])
  })
})
