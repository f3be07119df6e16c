import { tableKey, tableNamed } from '../domain/catalog.js'
import { MoverError } from '../domain/errors.js'
import type { OwnedTable } from '../domain/move-plan.js'
import { identityColumns, ownedRows } from '../dataplane/owned-rows.js'
import { finding } from '../domain/finding.js'
import { sqlStateOf } from '../postgres/errors.js'
import { columnOf } from '../postgres/quote.js'
import { sql } from '../postgres/sql.js'
import { bounded, nameOf, placeOf } from './examination.js'
import type { Examination } from './examination.js'
import { MOST_OF_A_STORED_BYTE, valueWidth } from './value-width.js'
import type { ValueWidth } from './value-width.js'

/** PostgreSQL cannot build or send a message of 1 GB; below that, room for the other columns. */
const MOST_BYTES = 1_000_000_000
/** Of each, only the size of a file is asked for. */
const SIZES_PER_STATEMENT = 500
/** One statement never takes many locks. */
const TABLES_PER_STATEMENT = 40
/** What the server says where a value's text would exceed what it can allocate. */
const TOO_LARGE = new Set(['54000', '53200', 'XX000'])

type WidthExamination = Pick<Examination, 'plan' | 'catalogs' | 'session' | 'scope' | 'shared' | 'counts' | 'report'>

interface Candidate {
  readonly table: OwnedTable
  readonly widths: readonly ValueWidth[]
}

interface Bounded extends Candidate {
  /** Of the row that may be the widest. */
  readonly key: readonly (string | null)[]
}

/**
 * Finds tables whose widest row is too wide for text COPY, where bytea and backslashes double: they travel in binary. A row too wide for
 * that too stops the move (P10). Cheapest first: sizes of files, then stored lengths, and only what may be too wide is read and
 * measured. Yields the numbers of the tables that need binary.
 */
export async function checkWidth(exam: WidthExamination, mostBytes: number = MOST_BYTES): Promise<ReadonlySet<number>> {
  const wide = new Set<number>()
  for (const candidate of await mayBeWide(exam, await haveWideValues(exam, mostBytes), mostBytes)) {
    const { table } = candidate
    await bounded(exam, placeOf(exam, 'source', table), 'widest row', async () => {
      const widest = await widestOf(exam, candidate, mostBytes)
      if (widest === null || widest.text < mostBytes) return
      wide.add(table.no)
      if (exam.shared.secrets(table) !== null) {
        exam.report(finding('OM2123', 'error', placeOf(exam, 'source', table), { message: `a row of ${nameOf(table)} is ${inBytes(widest.text)} than the 1 GB that PostgreSQL can send as text, and its secrets can be encrypted anew in text only`, hint: 'shorten or remove the row' }, { count: 1, examples: [exampleOf(table, widest)] }))
        return
      }
      if (widest.binary < mostBytes) return
      exam.report(
        finding('OM2123', 'error', placeOf(exam, 'source', table), {
          message: `a row of ${nameOf(table)} is ${inBytes(widest.binary)} than the 1 GB that PostgreSQL can send`,
          hint: 'shorten or remove the row',
        }, { count: 1, examples: [exampleOf(table, widest)] }),
      )
    })
  }
  return wide
}

/** Tables with enough bytes stored apart for a wide row: a value within its row is never long. */
async function haveWideValues(exam: WidthExamination, mostBytes: number): Promise<readonly Candidate[]> {
  const found: Candidate[] = []
  for (const database of exam.plan.databases) {
    const tables = exam.plan.owned.filter((table) => table.id.database === database && (exam.counts.get(table.no) ?? 0) > 0)
    for (let start = 0; start < tables.length; start += SIZES_PER_STATEMENT) {
      const here = tables.slice(start, start + SIZES_PER_STATEMENT)
      const rows = await exam.session('source', database).rows<{ schema: string; name: string; bytes: string }>(sql('prepare/toast-sizes'), [here.map(({ id }) => id.schema), here.map(({ id }) => id.name)])
      const large = new Set(rows.filter(({ bytes }) => Number(bytes) * MOST_OF_A_STORED_BYTE >= mostBytes).map(tableKey))
      found.push(...here.filter(({ id }) => large.has(tableKey(id))).map((table) => ({ table, widths: widthsOf(exam, table) })).filter(({ widths }) => widths.length > 0))
    }
  }
  return found
}

function widthsOf(exam: WidthExamination, table: OwnedTable): readonly ValueWidth[] {
  const catalog = exam.catalogs.source.get(table.id.database)
  const enums = new Set((catalog?.types ?? []).filter(({ kind }) => kind === 'e').map(tableKey))
  return (tableNamed(catalog, table.id)?.columns ?? []).flatMap((column) => valueWidth(column, enums.has(tableKey(column.baseType))) ?? [])
}

async function mayBeWide(exam: WidthExamination, candidates: readonly Candidate[], mostBytes: number): Promise<readonly Bounded[]> {
  const wide: Bounded[] = []
  for (const database of exam.plan.databases) {
    const here = candidates.filter(({ table }) => table.id.database === database)
    for (let start = 0; start < here.length; start += TABLES_PER_STATEMENT) {
      const parts = here.slice(start, start + TABLES_PER_STATEMENT).map(({ table, widths }) => sql('prepare/width', { no: String(table.no), key: keyOf(table), bound: sum(widths, 'bound'), ...ownedRows(table, exam.scope) }))
      const rows = await exam.session('source', database).rows<{ no: number; bound: string; key: (string | null)[] }>(parts.join('\nUNION ALL\n'))
      wide.push(...here.flatMap((candidate) => rows.filter((row) => row.no === candidate.table.no && Number(row.bound) >= mostBytes).map(({ key }) => ({ ...candidate, key }))))
    }
  }
  return wide
}

interface Widest {
  readonly key: readonly (string | null)[]
  readonly text: number
  readonly binary: number
}

async function widestOf(exam: WidthExamination, candidate: Bounded, mostBytes: number): Promise<Widest | null> {
  const { table, widths, key } = candidate
  try {
    return await measured(exam, candidate, { mostBytes, text: sum(widths, 'text') }).catch((error: unknown) => {
      // of a text of some hundred megabytes the server cannot count what is escaped, and in binary nothing is
      if (!isTooLarge(error)) throw error
      return measured(exam, candidate, { mostBytes, text: String(mostBytes) })
    })
  } catch (error) {
    // too many rows to measure in bounded time: in binary whatever can be sent is sent
    if (error instanceof MoverError && error.code === 'OM3012' && exam.shared.secrets(table) === null) return { key, text: Infinity, binary: 0 }
    if (isTooLarge(error)) return { key, text: Infinity, binary: Infinity }
    throw error
  }
}

async function measured(exam: WidthExamination, { table, widths }: Bounded, { mostBytes, text }: { readonly mostBytes: number; readonly text: string }): Promise<Widest | null> {
  const [row] = await exam.session('source', table.id.database).rows<{ key: (string | null)[]; text_bytes: string; binary_bytes: string }>(
    sql('prepare/widest', { key: keyOf(table), text_bytes: text, binary_bytes: sum(widths, 'binary'), bound: sum(widths, 'bound'), most: String(mostBytes), ...ownedRows(table, exam.scope) }),
  )
  return row === undefined ? null : { key: row.key, text: Number(row.text_bytes), binary: Number(row.binary_bytes) }
}

function isTooLarge(error: unknown): boolean {
  return TOO_LARGE.has(sqlStateOf(error) ?? '')
}

function inBytes(width: number): string {
  return width === Infinity ? 'wider' : `${width} bytes wide, more`
}

function exampleOf(table: OwnedTable, { key }: Widest): Readonly<Record<string, string | null>> {
  return Object.fromEntries(keyColumns(table).map((name, n) => [name, key[n] ?? null]))
}

function sum(widths: readonly ValueWidth[], which: keyof ValueWidth): string {
  return widths.map((width) => width[which]).join(' + ')
}

function keyColumns(table: OwnedTable): readonly string[] {
  return (table.identity === null ? table.columns.slice(0, 1) : identityColumns(table)).map(({ name }) => name)
}

function keyOf(table: OwnedTable): string {
  return `ARRAY[${keyColumns(table).map((name) => `${columnOf('t', name)}::text`).join(', ')}]`
}
