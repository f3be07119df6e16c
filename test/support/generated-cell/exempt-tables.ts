import type { Draft } from './draft.js'
import { CELLS, nameOf, quoteName, quoteText, rawName } from './model.js'
import type { GeneratedColumn, GeneratedRow, GeneratedTable } from './model.js'

export interface Lookup {
  readonly table: GeneratedTable
  readonly id: string
  readonly natural: readonly string[]
  readonly insertsMissing: boolean
}

/** Rows that both cells have under ids of their own; where declared, one that only the source has. */
export function lookupTable(draft: Draft): Lookup {
  const table = draft.table({ word: 'lookup', kind: 'lookup' })
  const id = draft.keyColumn(table, 'id', draft.keyType(draft.random.pick(['bigint', 'integer', 'uuid'])), { sequence: true })
  table.key.push(id)
  const natural = [draft.keyColumn(table, 'natural', draft.keyType(draft.random.pick(['text C', 'citext', 'text caseless'])))]
  if (draft.random.chance(0.3)) natural.push(draft.keyColumn(table, 'second', draft.keyType('integer')))
  table.after.push({ sql: `CREATE UNIQUE INDEX ON ${nameOf(table)} (${natural.map(quoteName).join(', ')})` })
  // a key that the target cannot make up itself must not be missing there
  const insertsMissing = typeof table.columns.find((column) => column.name === id)?.constraint === 'function'
  draft.declare(table, { exempt: 'lookup', match_by: natural, ...(insertsMissing ? { insert_missing: true } : {}) })
  for (let n = 3; n > 0; n--) {
    const isMissing = insertsMissing && n === 1
    const values = natural.map((name): [string, string | null] => [name, table.keyTypes.get(name)?.next('both') ?? null])
    const row = draft.row(table, isMissing ? ['a'] : CELLS, null, Object.fromEntries(values))
    for (const cell of row.cells) Object.assign(row.perCell[cell], { [id]: table.keyTypes.get(id)?.next(cell) ?? null })
  }
  return { table, id, natural, insertsMissing }
}

/** A column of an owned table that holds keys of a lookup table: by foreign key, or by declaration alone. */
export function useLookup(draft: Draft, table: GeneratedTable, lookup: Lookup): void {
  const type = lookup.table.keyTypes.get(lookup.id)
  if (type === undefined) return
  const column: GeneratedColumn = { name: draft.name('lookup_id'), type: type.type(draft.schema), constraint: '', computed: false, through: lookup.table }
  if (table.columns.some(({ name }) => name === column.name)) return
  table.columns.push(column)
  if (table.database === lookup.table.database && draft.random.chance(0.6)) table.foreignKeys.push({ columns: [column.name], parent: lookup.table, parentColumns: [lookup.id], action: '' })
  else draft.declareColumn(table, column.name, { lookup: rawName(lookup.table) })
  // rows of a table without a key may be there twice: they are one
  for (const row of new Set(table.rows)) {
    const [cell] = row.cells
    const choices = lookup.table.rows.filter(({ cells }) => row.cells.every((one) => cells.includes(one)))
    const used = row.cells.length > 1 || draft.random.chance(0.2) ? null : draft.random.pick(choices)
    row.values[column.name] = used === null || cell === undefined ? null : (used.perCell[cell][lookup.id] ?? null)
    if (used !== null) row.needs.push({ table: lookup.table, row: used })
  }
}

/** People and their addresses, who refer to each other: rows that several organizations use. */
export function sharedTables(draft: Draft): readonly GeneratedTable[] {
  const seen = draft.name('seen_at')
  const people = draft.table({ word: 'people', kind: 'shared', differs: [seen] })
  const addresses = draft.table({ word: 'addresses', kind: 'shared' })
  people.columns.push({ name: seen, type: 'integer', constraint: '', computed: false })
  draft.ownKey(people)
  draft.ownKey(addresses)
  const primary = draft.refer(people, addresses, 'primary', { notNull: false })
  const person = draft.refer(addresses, people, 'person')
  draft.declare(people, { exempt: 'shared', differ_by: [seen] })
  draft.declare(addresses, { exempt: 'shared' })
  for (const cells of [['a'], ['a'], ['a', 'b'], ['a', 'b'], ['b'], ['a']] as const) {
    const row = draft.row(people, cells, null, {})
    for (const cell of cells) Object.assign(row.perCell[cell], { [seen]: String(draft.random.below(99)) })
    const address = draft.row(addresses, cells, null, draft.valuesOf(person, row))
    address.needs.push({ table: people, row })
    const named = draft.random.chance(0.6) ? address : null
    Object.assign(row.values, draft.valuesOf(primary, named))
    if (named !== null) row.needs.push({ table: addresses, row: named })
  }
  return [people, addresses]
}

/** `created_by`: a nullable reference of an owned row to a shared one on the same cell. */
export function useShared(draft: Draft, table: GeneratedTable, shared: GeneratedTable): void {
  if (table.database !== shared.database) return
  const reference = draft.refer(table, shared, `uses${draft.tables.indexOf(shared)}`, { notNull: false })
  for (const row of new Set(table.rows)) {
    const choices = shared.rows.filter(({ cells }) => row.cells.every((cell) => cells.includes(cell)))
    const used: GeneratedRow | null = draft.random.chance(0.3) || choices.length === 0 ? null : draft.random.pick(choices)
    Object.assign(row.values, draft.valuesOf(reference, used))
    if (used !== null) row.needs.push({ table: shared, row: used })
  }
}

/** Stays where it is, whatever it holds. */
export function skipTable(draft: Draft): GeneratedTable {
  const table = draft.table({ word: 'migrations', kind: 'skip', database: draft.random.pick(draft.databases) })
  if (draft.random.chance(0.5)) draft.ownKey(table)
  draft.declare(table, { exempt: 'skip', database: table.database })
  for (const cell of CELLS) for (let n = 2; n > 0; n--) draft.row(table, [cell], null, {})
  return table
}

/** Polymorphic: type and key in two text columns, which only a declared predicate can follow. */
export function queryTable(draft: Draft): void {
  const items = draft.owners('main').filter((owner) => owner.key.length === 1 && !owner.hasUnowned && owner.partition === null)
  const direct = items.flatMap((item) => {
    const column = item.columns.find(({ name }) => draft.keyNames.includes(name) || (item === draft.root && name === item.key[0]))
    return column === undefined || column.constraint === '' ? [] : [{ item, column: column.name, key: item.key[0] ?? '' }]
  })
  if (direct.length === 0) return
  const chosen = draft.random.shuffle(direct).slice(0, 2)
  const table = draft.table({ word: 'versions', kind: 'owned' })
  if (draft.random.chance(0.8)) draft.ownKey(table)
  const [type, id] = [draft.name('item_type'), draft.name('item_id')]
  table.columns.push({ name: type, type: 'text', constraint: 'NOT NULL', computed: false }, { name: id, type: 'text', constraint: 'NOT NULL', computed: false })
  const clauses = chosen.map(
    ({ item, column, key }, n) =>
      `t.${quoteName(type)} = ${quoteText(`Item${n}:org`)} AND t.${quoteName(id)} IN (SELECT p.${quoteName(key)}::text FROM ${nameOf(item)} AS p WHERE p.${quoteName(column)} ${draft.orgType.label === 'citext' ? 'OPERATOR(public.=)' : '='} :org) /* ; :org */`,
  )
  draft.declare(table, { exempt: 'query', where: clauses.map((clause) => `(${clause})`).join(' OR ') })
  for (const { org, cell } of draft.everyOrg()) {
    for (const [n, { item, key }] of chosen.entries()) {
      for (const row of draft.random.some(draft.rowsOf(item, org), 0.7)) draft.row(table, [cell], org, { [type]: `Item${n}:org`, [id]: row.values[key] ?? null })
    }
  }
  if (table.key.length === 0 || draft.random.chance(0.5)) return
  const child = draft.table({ word: 'version_parts', kind: 'owned' })
  draft.ownKey(child)
  const reference = draft.refer(child, table, 'version')
  for (const { org, cell } of draft.everyOrg()) for (const row of draft.rowsOf(table, org)) draft.row(child, [cell], org, draft.valuesOf(reference, row))
}
