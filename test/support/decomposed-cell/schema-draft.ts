import { CELLS } from '../generated-cell/model.js'
import type { CellName, GeneratedRow, GeneratedTable, KeyType, Leaf } from '../generated-cell/model.js'

/** Ids of the two cells never meet; rows that are on both have ids below. */
const FIRST_ID = { a: 1_000, b: 5_000_000 } as const

const BIGINT: KeyType = { label: 'bigint', type: () => 'bigint', next: () => '0', respell: (value) => value, isInteger: true }

export interface Organization {
  readonly id: string
  readonly cell: CellName
}

export interface TableDraft {
  readonly database?: string
  readonly kind?: GeneratedTable['kind']
  /** What stands in the dictionary file beside the table's name. */
  readonly describe: Record<string, unknown>
  readonly partition?: { readonly by: string; readonly leaves: Leaf[] }
  /** Default: `id`. */
  readonly key?: readonly string[]
  readonly emptyIn?: readonly string[]
}

/** Tables with bigint keys in schema public of three databases, as a large Rails application has them. */
export class SchemaDraft {
  readonly tables: GeneratedTable[] = []
  readonly descriptions = new Map<string, Record<string, unknown>>()
  readonly organizations: readonly Organization[] = [
    { id: '1001', cell: 'a' },
    { id: '1002', cell: 'a' },
    { id: '5000001', cell: 'b' },
  ]
  readonly #ids: Record<CellName, number> = { a: FIRST_ID.a + 100, b: FIRST_ID.b + 100 }

  table(name: string, draft: TableDraft): GeneratedTable {
    const key = [...(draft.key ?? ['id'])]
    const table: GeneratedTable = {
      database: draft.database ?? 'main',
      emptyIn: draft.emptyIn ?? [],
      schema: 'public',
      name,
      kind: draft.kind ?? 'owned',
      columns: [{ name: 'note', type: 'text', constraint: '', computed: false }],
      key,
      alternateKeys: [],
      tag: 'note',
      foreignKeys: [],
      checks: [],
      partition: draft.partition ?? null,
      after: [],
      entry: null,
      rows: [],
      keyTypes: new Map(),
      differs: [],
      hasUnowned: false,
    }
    if (key.includes('id')) this.column(table, 'id')
    this.tables.push(table)
    this.descriptions.set(name, draft.describe)
    return table
  }

  column(table: GeneratedTable, name: string, { notNull = true } = {}): void {
    table.columns.push({ name, type: 'bigint', constraint: notNull ? 'NOT NULL' : '', computed: false })
    table.keyTypes.set(name, BIGINT)
  }

  /** A column with a foreign key, where its table is in the same database, and an index. */
  reference(table: GeneratedTable, name: string, parent: GeneratedTable, { notNull = true, action = 'ON DELETE CASCADE' } = {}): void {
    this.column(table, name, { notNull })
    if (parent.database === table.database) table.foreignKeys.push({ columns: [name], parent, parentColumns: parent.key, action })
    this.index(table, name)
  }

  index(table: GeneratedTable, column: string): void {
    table.after.push({ sql: `CREATE INDEX ON public.${table.name} (${column})` })
  }

  row(table: GeneratedTable, cells: readonly CellName[], owner: string | null, values: Readonly<Record<string, string | null>>): GeneratedRow {
    const [cell = 'a'] = cells
    const own = table.key.includes('id') && !('id' in values) ? { id: this.nextId(cell) } : {}
    const row: GeneratedRow = { tag: `${table.name} ${table.rows.length}`, cells, owner, values: { note: `${table.name} ${table.rows.length}`, ...own, ...values }, perCell: { a: {}, b: {} }, needs: [] }
    table.rows.push(row)
    return row
  }

  nextId(cell: CellName): string {
    this.#ids[cell] += 1
    return String(this.#ids[cell])
  }

  rowsOf(table: GeneratedTable, organization: Organization): readonly GeneratedRow[] {
    return table.rows.filter((row) => row.owner === organization.id)
  }

  /** A row that this cell alone has. */
  local(table: GeneratedTable): void {
    for (const cell of CELLS) this.row(table, [cell], null, {})
  }
}
