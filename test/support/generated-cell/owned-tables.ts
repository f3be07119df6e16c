import { quoteName, rawName } from './model.js'
import type { GeneratedRow, GeneratedTable } from './model.js'
import type { Draft, Reference } from './draft.js'

/** The table of organizations itself. */
export function rootTable(draft: Draft): void {
  const table = draft.table({ word: 'organizations', kind: 'owned' })
  table.key.push(draft.keyColumn(table, 'org_id', draft.orgType))
  for (const { org, cell } of draft.everyOrg()) draft.row(table, [cell], org, { [table.key[0] ?? '']: org })
  draft.root = table
}

/** A column that holds the organization's key, under one of the configured names. */
export function orgColumn(draft: Draft, table: GeneratedTable, { notNull = true, name = draft.random.pick(draft.keyNames) } = {}): string {
  table.columns.push({ name, type: draft.orgType.type(draft.schema), constraint: notNull ? 'NOT NULL' : '', computed: false })
  if (draft.root !== null && draft.random.chance(0.7)) table.foreignKeys.push({ columns: [name], parent: draft.root, parentColumns: draft.root.key, action: '' })
  return name
}

/** A few rows for each organization, none for some. */
function some(draft: Draft): number {
  return draft.random.pick([0, 1, 2, 3, 5])
}

export function directTable(draft: Draft): GeneratedTable {
  const table = draft.table({ word: 'direct', kind: 'owned' })
  if (draft.random.chance(0.85)) draft.ownKey(table)
  const column = orgColumn(draft, table)
  for (const { org, cell } of draft.everyOrg()) {
    for (let n = 1 + some(draft); n > 0; n--) draft.row(table, [cell], org, { [column]: draft.orgType.respell(org) })
  }
  return table
}

/** A NOT NULL foreign key to an owned table, perhaps two that agree, with nothing declared. */
export function viaTable(draft: Draft): void {
  const parents = draft.owners('main').filter((owner) => !owner.hasUnowned)
  const parent = parents.length === 0 ? null : draft.random.pick(parents)
  if (parent === null) return
  const table = draft.table({ word: 'via', kind: 'owned' })
  if (draft.random.chance(0.85)) draft.ownKey(table)
  const references = [draft.refer(table, parent, 'parent')]
  if (draft.random.chance(0.3)) references.push(draft.refer(table, draft.random.pick(parents), 'second'))
  childrenOf(draft, table, references)
}

/** Rows whose references all lead to rows of one owner. */
export function childrenOf(draft: Draft, table: GeneratedTable, references: readonly Reference[], count = some): void {
  for (const { org, cell } of draft.everyOrg()) {
    const choices = references.map(({ parent }) => draft.rowsOf(parent, org))
    if (choices.some((rows) => rows.length === 0)) continue
    for (let n = count(draft); n > 0; n--) {
      const values = references.map((reference, i) => draft.valuesOf(reference, draft.random.pick(choices[i] ?? [])))
      draft.row(table, [cell], org, Object.assign({}, ...values) as Record<string, string | null>)
    }
  }
}

/** A row that shares its parent's key, declared. */
export function sharedKeyTable(draft: Draft): void {
  const parents = draft.owners('main').filter((table) => !table.hasUnowned)
  if (parents.length === 0) return
  const parent = draft.random.pick(parents)
  const table = draft.table({ word: 'body', kind: 'owned' })
  const hasForeignKey = draft.random.chance(0.5)
  const reference = draft.refer(table, parent, 'of', { foreignKey: hasForeignKey, parentColumns: parent.key })
  table.key.push(...reference.columns)
  if (!hasForeignKey || draft.random.chance(0.5)) draft.declare(table, { sharding_key: draft.keyEntry(reference) })
  for (const { org, cell } of draft.everyOrg()) {
    for (const row of draft.random.some(draft.rowsOf(parent, org), 0.6)) draft.row(table, [cell], org, draft.valuesOf(reference, row))
  }
}

/** Two or three alternative keys, of which one is set. */
export function anyOfTable(draft: Draft): void {
  const parents = draft.random.shuffle(draft.owners('main').filter((table) => table !== draft.root)).slice(0, 1 + draft.random.below(2))
  const table = draft.table({ word: 'any_of', kind: 'owned' })
  draft.ownKey(table)
  const references = parents.map((parent, n) => draft.refer(table, parent, `alt${n}`, { notNull: false, foreignKey: draft.random.chance(0.6) }))
  const column = orgColumn(draft, table, { notNull: false })
  const rootEntry = draft.root === null ? 'organizations' : rawName(draft.root)
  const all = [...references.flatMap(({ columns }) => columns.slice(0, 1)), column]
  table.checks.push(`num_nonnulls(${all.map(quoteName).join(', ')}) = 1`)
  draft.declare(table, { sharding_key: Object.assign({}, ...references.map((reference) => draft.keyEntry(reference)), { [column]: rootEntry }) as Record<string, string> })
  const none = Object.fromEntries([...references.flatMap(({ columns }) => columns), column].map((name) => [name, null]))
  for (const { org, cell } of draft.everyOrg()) {
    for (let n = 1 + some(draft); n > 0; n--) {
      const reference = draft.random.pick([...references, null])
      const parents = reference === null ? [] : draft.rowsOf(reference.parent, org)
      const key = reference === null || parents.length === 0 ? { [column]: draft.orgType.respell(org) } : draft.valuesOf(reference, draft.random.pick(parents))
      draft.row(table, [cell], org, { ...none, ...key })
    }
  }
}

/** Rows below rows of the same table: only the topmost name the organization. */
export function nestedTable(draft: Draft): void {
  const table = draft.table({ word: 'nested', kind: 'owned' })
  draft.ownKey(table)
  const column = orgColumn(draft, table, { notNull: false })
  const reference = draft.refer(table, table, 'above', { notNull: false, foreignKey: draft.random.chance(0.7) })
  draft.declare(table, { sharding_key: { [column]: draft.root === null ? 'organizations' : rawName(draft.root), ...draft.keyEntry(reference) } })
  for (const { org, cell } of draft.everyOrg()) {
    let above: GeneratedRow | null = null
    for (let n = 1 + some(draft); n > 0; n--) {
      const values: Record<string, string | null> = above === null ? { [column]: org, ...draft.valuesOf(reference, null) } : { [column]: null, ...draft.valuesOf(reference, above) }
      const row: GeneratedRow = draft.row(table, [cell], org, values)
      above = draft.random.chance(0.7) ? row : above
    }
  }
}

export function joinTable(draft: Draft, hasKey: boolean): void {
  const parents = draft.owners('main').filter((table) => !table.hasUnowned)
  if (parents.length === 0) return
  const table = draft.table({ word: 'join', kind: 'owned' })
  const references = [draft.refer(table, draft.random.pick(parents), 'left'), draft.refer(table, draft.random.pick(parents), 'right')]
  if (hasKey) table.key.push(...references.flatMap(({ columns }) => columns))
  const seen = new Set<string>()
  for (const { org, cell } of draft.everyOrg()) {
    const [lefts, rights] = references.map(({ parent }) => draft.rowsOf(parent, org))
    for (const left of lefts ?? []) {
      for (const right of draft.random.some(rights ?? [], 0.4)) {
        const [one, other] = references
        if (one === undefined || other === undefined) continue
        const pair = `${left.tag}/${right.tag}`
        if (hasKey && seen.has(pair)) continue
        seen.add(pair)
        const row = draft.row(table, [cell], org, { ...draft.valuesOf(one, left), ...draft.valuesOf(other, right) })
        // rows that nothing tells apart
        if (!hasKey && draft.random.chance(0.3)) table.rows.push(row)
      }
    }
  }
}

/** Two tables that refer to each other by NOT NULL columns, checked at once. */
export function circleTables(draft: Draft): void {
  const one = draft.table({ word: 'circle', kind: 'owned' })
  const other = draft.table({ word: 'circle_back', kind: 'owned' })
  draft.ownKey(one)
  draft.ownKey(other)
  const column = orgColumn(draft, one)
  const there = draft.refer(one, other, 'latest')
  const back = draft.refer(other, one, 'of')
  for (const { org, cell } of draft.everyOrg()) {
    for (let n = some(draft); n > 0; n--) {
      const first = draft.row(one, [cell], org, { [column]: org })
      const second = draft.row(other, [cell], org, draft.valuesOf(back, first))
      Object.assign(first.values, draft.valuesOf(there, second))
    }
  }
}

/** Some rows belong to nobody and are the same on both cells; a child of such rows belongs to nobody as well. */
export function unownedTable(draft: Draft): void {
  const table = draft.table({ word: 'roles', kind: 'owned', hasUnowned: true })
  draft.ownKey(table)
  const column = orgColumn(draft, table, { notNull: false })
  draft.declare(table, { unowned: 'stay' })
  for (let n = 2; n > 0; n--) draft.row(table, ['a', 'b'], null, { [column]: null })
  for (const { org, cell } of draft.everyOrg()) for (let n = some(draft); n > 0; n--) draft.row(table, [cell], org, { [column]: org })
  const child = draft.table({ word: 'permissions', kind: 'owned', hasUnowned: true })
  draft.ownKey(child)
  const reference = draft.refer(child, table, 'role')
  draft.declare(child, { unowned: 'stay' })
  for (const row of table.rows) if (draft.random.chance(0.7)) draft.row(child, row.cells, row.owner, draft.valuesOf(reference, row))
  const user = draft.table({ word: 'members', kind: 'owned' })
  const key = orgColumn(draft, user)
  const role = draft.refer(user, table, 'role', { notNull: false })
  for (const { org, cell } of draft.everyOrg()) {
    for (const of of draft.random.some(table.rows.filter((row) => row.owner === null || row.owner === org), 0.5)) draft.row(user, [cell], org, { [key]: org, ...draft.valuesOf(role, of) })
  }
}

/** In another database than its owner, which the dictionary alone can tell. */
export function otherDatabaseTable(draft: Draft): void {
  const [here, there] = draft.databases.length < 2 ? ['main', 'main'] : draft.random.pick([['main', 'ci'], ['main', 'ci'], ['ci', 'main']] as const)
  const parents = draft.owners(here).filter((table) => !table.hasUnowned)
  if (parents.length === 0) return
  const table = draft.table({ word: 'elsewhere', kind: 'owned', database: there })
  draft.ownKey(table)
  const reference = draft.refer(table, draft.random.pick(parents), 'far')
  draft.declare(table, { database: there, sharding_key: draft.keyEntry(reference) })
  childrenOf(draft, table, [reference])
  if (here !== there && draft.random.chance(0.4)) (table.emptyIn as string[]).push(here)
  if (draft.random.chance(0.5)) return
  const child = draft.table({ word: 'child', kind: 'owned', database: there })
  draft.ownKey(child)
  childrenOf(draft, child, [draft.refer(child, table, 'near')])
}

export function emptyTable(draft: Draft): void {
  const table = draft.table({ word: 'empty', kind: 'owned' })
  draft.ownKey(table)
  orgColumn(draft, table)
}
