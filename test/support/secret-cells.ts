import { createCipheriv, createDecipheriv, createHash } from 'node:crypto'
import { cellsInProcess } from './cells-in-process.js'
import type { CellsInProcess, CellsOptions } from './cells-in-process.js'
import type { TestDatabase } from './database.js'

/** Two cells with keys of their own, and an organization whose secrets stand in every place that can be declared. */

export type Cell = 'a' | 'b'

export function keyOf(cell: Cell, version = 'k1'): Buffer {
  return createHash('sha256').update(`${cell} ${version}`).digest()
}

/** iv, ciphertext, tag: written here with node:crypto, not with the codec under test. */
export function sealed(plaintext: string, key: Buffer): Buffer {
  const iv = createHash('sha256').update(`iv of ${plaintext}`).digest().subarray(0, 12)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  return Buffer.concat([iv, cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()])
}

/** Null where the key does not open it. */
export function opened(stored: Buffer, key: Buffer): string | null {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, stored.subarray(0, 12))
    decipher.setAuthTag(stored.subarray(-16))
    return Buffer.concat([decipher.update(stored.subarray(12, -16)), decipher.final()]).toString('utf8')
  } catch {
    return null
  }
}

export function keyring(cell: Cell): unknown {
  const versions = { k0: keyOf(cell, 'k0').toString('base64'), k1: keyOf(cell).toString('base64') }
  return { keys: { app: { current: 'k1', versions } } }
}

const SCHEMA = `
  CREATE TABLE organizations (id bigint PRIMARY KEY, name text);
  CREATE TABLE people (id bigint PRIMARY KEY, email text UNIQUE, otp text);
  CREATE TABLE tokens (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, person_id bigint REFERENCES people, kind text NOT NULL, token bytea, note text, token_size integer GENERATED ALWAYS AS (length(token) + length(kind)) STORED, note_md5 text GENERATED ALWAYS AS (md5(note)) STORED);
  CREATE INDEX ON tokens (organization_id);
  CREATE TABLE connections (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, config jsonb, raw json);
  CREATE TABLE loose (organization_id bigint NOT NULL REFERENCES organizations, label text, secret text);
`

const GCM = { codec: 'aes-256-gcm', key: 'app' }
const TEXT = { ...GCM, encoding: 'base64' }

export const SECRET_TABLES = {
  'public.people': { exempt: 'shared', columns: { otp: { secret: TEXT } } },
  'public.tokens': { columns: { token: { secret: { ...GCM, when: `t.kind = 'secret'` } }, note: { secret: [TEXT, { codec: 'plaintext' }] } } },
  'public.connections': {
    columns: {
      config: { secret: [{ ...TEXT, path: '$.auth.token' }, { ...TEXT, path: '$.fields[*] ? (@.name == "password").value' }] },
      raw: { secret: { ...TEXT, path: '$.key' } },
    },
  },
  'public.loose': { columns: { secret: { secret: TEXT } } },
}

export interface SecretCellsOptions {
  readonly tables?: Readonly<Record<string, unknown>>
  /** Statements on one cell, after its rows. */
  readonly source?: string
  readonly target?: string
  readonly keyrings?: CellsOptions['keyrings']
  readonly config?: Readonly<Record<string, unknown>>
}

export async function secretCells(options: SecretCellsOptions = {}): Promise<CellsInProcess> {
  return cellsInProcess({
    databases: ['main'],
    orgs: ['1'],
    keyrings: options.keyrings ?? { a: keyring('a'), b: keyring('b') },
    setUp: (cell) => [SCHEMA, ...rowsOf(cell), (cell === 'a' ? options.source : options.target) ?? ''].join(';\n'),
    config: { tenancy: { tables: options.tables ?? SECRET_TABLES }, sequences: 'check', ...options.config },
  })
}

function hex(bytes: Buffer): string {
  return `'\\x${bytes.toString('hex')}'`
}

function base64(plaintext: string, key: Buffer): string {
  return sealed(plaintext, key).toString('base64')
}

/** Organization 1 is on cell a, where version k0 of the key is still in use; 2 and 9 are the neighbours. */
function rowsOf(cell: Cell): readonly string[] {
  const key = keyOf(cell)
  if (cell === 'b') {
    return [
      `INSERT INTO organizations VALUES (9, 'nine')`,
      `INSERT INTO people VALUES (7, 'both@example.org', '${base64('otp 7', key)}'), (9, 'nine@example.org', '${base64('otp 9', key)}')`,
      `INSERT INTO tokens VALUES (900, 9, 9, 'secret', ${hex(sealed('token 900', key))}, NULL)`,
    ]
  }
  const fields = (n: number): string => JSON.stringify([{ name: 'user', value: `user ${n}` }, { name: 'password', value: base64(`password ${n}`, key) }])
  return [
    `INSERT INTO organizations VALUES (1, 'one'), (2, 'two')`,
    `INSERT INTO people VALUES (7, 'both@example.org', '${base64('otp 7', key)}'), (8, 'new@example.org', '${base64('otp 8', key)}')`,
    ...Array.from({ length: 40 }, (_, n) => `INSERT INTO tokens VALUES (${n + 1}, ${n % 4 === 3 ? 2 : 1}, ${n % 2 === 0 ? 7 : 8}, '${n % 5 === 0 ? 'plain' : 'secret'}', ${n % 5 === 0 ? `'in the clear ${n + 1}'` : hex(sealed(`token ${n + 1}`, keyOf('a', n % 3 === 0 ? 'k0' : 'k1')))}, ${n % 6 === 0 ? 'NULL' : n % 6 === 1 ? `'written down ${n + 1}'` : `'${base64(`note ${n + 1}`, key)}'`})`),
    ...Array.from({ length: 10 }, (_, n) => `INSERT INTO connections VALUES (${n + 1}, ${n % 2 === 0 ? 1 : 2}, '{"big": 12345678901234567890.10, "auth": {"token": "${base64(`auth ${n + 1}`, key)}"}, "fields": ${fields(n + 1)}}', '{ "b": 1.0,  "key": "${base64(`raw ${n + 1}`, key)}" , "a" : "\\u00e9" }')`),
    `INSERT INTO loose VALUES (1, 'x', '${base64('loose x', key)}'), (1, 'x', '${base64('loose x', key)}'), (1, 'y', NULL), (2, 'z', '${base64('loose z', key)}')`,
  ]
}

export function mainOf(cells: CellsInProcess, cell: Cell): TestDatabase {
  const database = cells.databases[cell].get('main')
  if (database === undefined) throw new RangeError('no main database')
  return database
}
