import { readdir, readFile } from 'node:fs/promises'
import type { ClientBase } from 'pg'

/** The demo cell's DDL and seed are SQL files of the package; this path holds from src/ as from dist/. */
const DEMO = new URL('../../schema/demo/', import.meta.url)

export interface DemoCell {
  /** Number of the cell, from 1: it decides the range of every sequence. */
  readonly cell: number
  /** `column-order`: the same tables with other column positions, as installations of different age have them. */
  readonly variant: 'standard' | 'column-order'
}

export interface DemoSeed {
  readonly cell: number
  /** Small organizations, of some 370 rows each. */
  readonly organizations: number
  /** Rows of one more, big organization; 0 for none. Tables have a minimum, so a few hundred rows are the least. */
  readonly bigOrgRows: number
  /**
   * Makes the ciphertext of a secret. Without it the secret columns hold bytes that no key opens. The plaintext depends on
   * table and key only, so both cells and every run have the same.
   */
  readonly seal?: SealSecret
}

type SealSecret = (plaintext: string, place: { readonly table: string; readonly column: string; readonly primaryKey: string }) => Buffer

export interface SeededCell {
  /** Ids of the small organizations. */
  readonly organizations: readonly string[]
  readonly bigOrganization: string | null
}

const SECRET_COLUMNS = [
  { table: 'ci_variables', column: 'encrypted_value', type: 'bytea' },
  { table: 'integrations', column: 'encrypted_properties', type: 'bytea' },
  { table: 'web_hooks', column: 'encrypted_token', type: 'text' },
  { table: 'access_tokens', column: 'encrypted_token', type: 'bytea' },
] as const

/** Creates the demo schema in an empty database, in one transaction, and gives its sequences the cell's own range. */
export async function installDemoSchema(client: ClientBase, cell: DemoCell): Promise<void> {
  const sql = await installSql(cell)
  await inTransaction(client, async () => void (await client.query(sql)))
}

/**
 * Fills an installed cell without rows, in one transaction, then analyzes it. The same arguments give the same rows (ciphertexts
 * of `seal` apart). Needs a superuser: triggers of the schema would overwrite ids, so they are off for this session.
 */
export async function seedDemoCell(client: ClientBase, seed: DemoSeed): Promise<SeededCell> {
  const sql = await seedSql(seed)
  const { cell, organizations, bigOrgRows, seal } = seed
  await inTransaction(client, async () => {
    await client.query(sql)
    if (seal !== undefined) await sealSecrets(client, seal)
  })
  await client.query('ANALYZE')
  const idOf = (k: number) => String((cell - 1) * 1_000_000 + k)
  return {
    organizations: Array.from({ length: organizations }, (_, index) => idOf(index + 1)),
    bigOrganization: bigOrgRows > 0 ? idOf(organizations + 1) : null,
  }
}

/** Schema and rows as one script for one query without parameters, so that a template database can be built from it. */
export async function demoCellSql(cell: DemoCell & Omit<DemoSeed, 'seal'>): Promise<string> {
  return `BEGIN;\n${await installSql(cell)}\n${await seedSql(cell)}\nCOMMIT;`
}

async function installSql({ cell, variant }: DemoCell): Promise<string> {
  const changes = variant === 'standard' ? '' : await readFile(new URL(`variants/${variant}.sql`, DEMO), 'utf8')
  return ['SET LOCAL search_path = public;', await readFiles(DEMO), changes, `SELECT demo.set_cell(${whole(cell)});`].join('\n')
}

async function seedSql({ cell, organizations, bigOrgRows }: Omit<DemoSeed, 'seal'>): Promise<string> {
  const settings = `
    SET LOCAL search_path = public; SET LOCAL session_replication_role = replica; SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO, MDY';
    SET LOCAL demo.cell = ${whole(cell)}; SET LOCAL demo.organizations = ${whole(organizations)}; SET LOCAL demo.big_org_rows = ${whole(bigOrgRows)};`
  return `${settings}\n${await readFiles(new URL('seed/', DEMO))}`
}

/** Numbers are spliced into the script: nothing but digits may get there. */
function whole(count: number): string {
  if (!Number.isSafeInteger(Math.round(count)) || count < 0) throw new RangeError(`expected a count, got ${count}`)
  return Math.round(count).toFixed(0)
}

async function sealSecrets(client: ClientBase, seal: SealSecret): Promise<void> {
  for (const { table, column, type } of SECRET_COLUMNS) {
    const found = await client.query<{ id: string }>(`SELECT id::text FROM ${table} WHERE ${column} IS NOT NULL ORDER BY ${table}.id`)
    const ids = found.rows.map((row) => row.id)
    const sealed = ids.map((id) => seal(`secret of ${table} ${id}`, { table, column, primaryKey: id }))
    const values = type === 'text' ? sealed.map((bytes) => bytes.toString('base64')) : sealed
    await client.query(
      `UPDATE ${table} AS t SET ${column} = sealed.value FROM unnest($1::bigint[], $2::${type}[]) AS sealed (id, value) WHERE t.id = sealed.id`,
      [ids, values],
    )
  }
}

/** The SQL files of one folder in the order of their numbers. */
async function readFiles(folder: URL): Promise<string> {
  const names = (await readdir(folder)).filter((name) => /^\d.*\.sql$/.test(name)).sort()
  const texts = await Promise.all(names.map((name) => readFile(new URL(name, folder), 'utf8')))
  return texts.join('\n')
}

async function inTransaction(client: ClientBase, work: () => Promise<void>): Promise<void> {
  await client.query('BEGIN')
  try {
    await work()
    await client.query('COMMIT')
  } catch (error) {
    // The first error is the one to report; a lost connection has rolled back by itself.
    await client.query('ROLLBACK').catch(() => undefined)
    throw error
  }
}
