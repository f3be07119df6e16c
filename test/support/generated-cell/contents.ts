import type { TestDatabase } from '../database.js'
import { listObjects } from '../list-objects.js'
import { nameOf, quoteName, rawName } from './model.js'
import type { CellName, GeneratedCase, GeneratedRow, GeneratedTable } from './model.js'

/** Values of one row by column, as PostgreSQL prints them. */
type Values = Readonly<Record<string, string | null>>

/** Everything that a cell holds: rows of each table, and the objects of each database. */
export interface Contents {
  readonly rows: ReadonlyMap<GeneratedTable, readonly Values[]>
  readonly objects: readonly string[]
  /** Rows in databases in which the table should have none. */
  readonly strays: number
  /** Ids that the cell's sequences will hand out although a row has them. */
  readonly collisions: readonly string[]
}

const PINNED = `SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 1; SET bytea_output = 'hex'; SET row_security = off`

export async function contentsOf(databases: ReadonlyMap<string, TestDatabase>, tables: readonly GeneratedTable[]): Promise<Contents> {
  const rows = new Map<GeneratedTable, Values[]>(tables.map((table) => [table, []]))
  const objects: string[] = []
  const collisions: string[] = []
  let strays = 0
  for (const [name, database] of databases) {
    const here = tables.filter((table) => table.database === name || table.emptyIn.includes(name))
    await database.query(PINNED)
    const parts = here.map((table) => `SELECT ${tables.indexOf(table)} AS no, ARRAY[${table.columns.map((column) => `${quoteName(column.name)}::text`).join(', ')}] AS row FROM ${nameOf(table)}`)
    for (const found of await database.query<{ no: number; row: (string | null)[] }>(parts.join(' UNION ALL '))) {
      const table = tables[found.no]
      if (table === undefined) continue
      if (table.database !== name) strays += 1
      else rows.get(table)?.push(Object.fromEntries(table.columns.map((column, n) => [column.name, found.row[n] ?? null])))
    }
    collisions.push(...(await collisionsOf(database, here.filter((table) => table.database === name))))
    const client = await database.connect()
    objects.push(...(await listObjects(client)).map((line) => `${name}: ${line}`))
    await client.end()
  }
  return { rows, objects, strays, collisions }
}

async function collisionsOf(database: TestDatabase, tables: readonly GeneratedTable[]): Promise<readonly string[]> {
  const parts = tables.flatMap((table) =>
    table.columns
      .filter((column) => typeof column.constraint === 'function')
      .map((column) => {
        const sequence = `pg_get_serial_sequence('${nameOf(table).replaceAll("'", "''")}', '${column.name.replaceAll("'", "''")}')::regclass`
        return `SELECT format('%s of %s', x.${quoteName(column.name)}, s.seqrelid::regclass) AS found FROM ${nameOf(table)} AS x, pg_sequence AS s WHERE s.seqrelid = ${sequence}
          AND x.${quoteName(column.name)} BETWEEN coalesce(pg_sequence_last_value(s.seqrelid) + 1, s.seqstart) AND s.seqmax`
      }),
  )
  return parts.length === 0 ? [] : (await database.query<{ found: string }>(parts.join(' UNION ALL '))).map((row) => row.found)
}

/** Rows as lines, sorted, with keys of lookup tables replaced by what they stand for on that cell. */
export type Listing = Readonly<Record<string, readonly string[]>>

export class Oracle {
  readonly #case: GeneratedCase
  readonly #owners = new Map<GeneratedTable, Map<string, GeneratedRow>>()

  constructor(generated: GeneratedCase) {
    this.#case = generated
    for (const table of generated.tables) this.#owners.set(table, new Map(table.rows.map((row) => [row.tag, row])))
  }

  /** How many rows of the organization there are in each table that has any. */
  counts(): Readonly<Record<string, number>> {
    const counts = this.#case.tables.map((table): [string, number] => [label(table), table.rows.filter((row) => row.owner === this.#case.org).length])
    return Object.fromEntries(counts.filter(([, rows]) => rows > 0))
  }

  /** What was generated for that cell, by tags alone: the set-up itself is held against it. */
  generated(cell: CellName): Listing {
    return this.#listing((table) => table.rows.filter((row) => row.cells.includes(cell)).map((row) => row.tag))
  }

  tags(contents: Contents): Listing {
    return this.#listing((table) => (contents.rows.get(table) ?? []).map((values) => String(values[table.tag])))
  }

  all(contents: Contents): Listing {
    return this.#listing((table) => this.#lines(table, contents, () => true))
  }

  /** What a source holds after the purge. */
  withoutOrganization(contents: Contents): Listing {
    return this.#listing((table) => this.#lines(table, contents, (row) => row?.owner !== this.#case.org))
  }

  /** What the target must hold after a move: what it held, the organization's rows, and exempt rows that those need and it lacked. */
  afterMove(source: Contents, target: Contents): Listing {
    const needed = this.#needed()
    return this.#listing((table) => {
      const arriving = (row: GeneratedRow | undefined): boolean => row !== undefined && (row.owner === this.#case.org || (needed.has(row) && !row.cells.includes('b')))
      return [...this.#lines(table, target, () => true), ...this.#lines(table, source, arriving, true)]
    })
  }

  #needed(): ReadonlySet<GeneratedRow> {
    const needed = new Set<GeneratedRow>()
    const follow = (row: GeneratedRow): void => {
      for (const need of row.needs) {
        if (needed.has(need.row)) continue
        needed.add(need.row)
        follow(need.row)
      }
    }
    for (const table of this.#case.tables) for (const row of table.rows) if (row.owner === this.#case.org) follow(row)
    return needed
  }

  #lines(table: GeneratedTable, contents: Contents, wanted: (row: GeneratedRow | undefined) => boolean, arriving = false): readonly string[] {
    const known = this.#owners.get(table)
    return (contents.rows.get(table) ?? [])
      .filter((values) => wanted(known?.get(values[table.tag] ?? '')))
      .map((values) =>
        table.columns
          .map((column) => {
            const value = arriving && column.arrives !== undefined ? column.arrives(values[column.name] ?? null) : (values[column.name] ?? null)
            if (table.kind === 'lookup' && column.name === table.key[0]) return `${column.name}=(local)`
            if (column.through === undefined || value === null) return `${column.name}=${value === null ? 'NULL' : JSON.stringify(value)}`
            return `${column.name}->${naturally(column.through, contents, value)}`
          })
          .join(' '),
      )
  }

  #listing(linesOf: (table: GeneratedTable) => readonly string[]): Listing {
    return Object.fromEntries(this.#case.tables.map((table) => [label(table), [...linesOf(table)].sort()]))
  }
}

/** The tag of the lookup row that has this key on this cell. */
function naturally(lookup: GeneratedTable, contents: Contents, value: string): string {
  const [key = ''] = lookup.key
  const found = contents.rows.get(lookup)?.find((row) => row[key] === value)
  return found === undefined ? `nothing (${value})` : String(found[lookup.tag])
}

export function label(table: GeneratedTable): string {
  return `${table.database}:${rawName(table)}`
}

