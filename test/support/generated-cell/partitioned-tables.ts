import type { Draft } from './draft.js'
import type { GeneratedTable, Leaf } from './model.js'
import { quoteName, rawName } from './model.js'
import { childrenOf, orgColumn } from './owned-tables.js'

/** LIST, RANGE or HASH, with the partition key in the primary key, told by the root's column or by a parent. */
export function partitionedTable(draft: Draft): void {
  const method = draft.random.pick(['LIST', 'RANGE', 'HASH'] as const)
  const part = draft.name('part')
  const leaf = (n: number, bound: string): Leaf => ({ schema: draft.random.pick([draft.schema, 'parts']), name: draft.name(`leaf${n}_${draft.tables.length}`), bound, entry: null })
  const bounds = {
    LIST: ["FOR VALUES IN ('1')", "FOR VALUES IN ('2', '3')", 'DEFAULT'],
    RANGE: ["FOR VALUES FROM (MINVALUE) TO ('2')", "FOR VALUES FROM ('2') TO ('4')", 'DEFAULT'],
    HASH: ['FOR VALUES WITH (MODULUS 2, REMAINDER 0)', 'FOR VALUES WITH (MODULUS 2, REMAINDER 1)'],
  }[method]
  const table = draft.table({ word: 'partitioned', kind: 'owned', partition: { by: `${method} (${quoteName(part)})`, leaves: bounds.map((bound, n) => leaf(n, bound)) } })
  const type = draft.keyType(draft.random.pick(['integer', 'bigint']))
  table.columns.push({ name: part, type: type.type(draft.schema), constraint: 'NOT NULL', computed: false })
  table.keyTypes.set(part, type)
  table.key.push(part, draft.keyColumn(table, 'id', draft.keyType(draft.random.pick(['bigint', 'uuid', 'text C', 'citext']))))
  const value = (): string => String(1 + draft.random.below(5))
  const parents = draft.owners('main').filter((owner) => owner !== table && !owner.hasUnowned)
  if (parents.length > 0 && draft.random.chance(0.5)) {
    const reference = draft.refer(table, draft.random.pick(parents), 'parent')
    for (const { org, cell } of draft.everyOrg()) {
      for (const row of draft.rowsOf(reference.parent, org)) draft.row(table, [cell], org, { [part]: value(), ...draft.valuesOf(reference, row) })
    }
    return
  }
  const column = orgColumn(draft, table)
  for (const { org, cell } of draft.everyOrg()) for (let n = 4; n > 0; n--) draft.row(table, [cell], org, { [part]: value(), [column]: org })
}

/** One parent whose leaves have different owners: by column, by parent, and nobody's. */
export function splitLeavesTable(draft: Draft): void {
  const kind = draft.name('kind')
  const leaves = ['org', 'child', 'cell'].map((word, n): Leaf => ({ schema: draft.schema, name: draft.name(`leaf_${word}_${draft.tables.length}`), bound: `FOR VALUES IN ('${n}')`, entry: null }))
  const owners = draft.owners('main').filter((owner) => !owner.hasUnowned)
  const parent: GeneratedTable | null = owners.length === 0 ? null : draft.random.pick(owners)
  const table = draft.table({ word: 'split', kind: 'owned', partition: { by: `LIST (${quoteName(kind)})`, leaves }, hasUnowned: true })
  table.columns.push({ name: kind, type: 'integer', constraint: 'NOT NULL', computed: false })
  table.key.push(kind, draft.keyColumn(table, 'id', draft.keyType('bigint')))
  table.keyTypes.set(kind, draft.keyType('integer'))
  const column = orgColumn(draft, table, { notNull: false })
  const reference = parent === null ? null : draft.refer(table, parent, 'parent', { notNull: false })
  const [byOrg, byParent, nobody] = leaves
  const none = { [column]: null, ...(reference === null ? {} : draft.valuesOf(reference, null)) }
  if (byOrg === undefined || byParent === undefined || nobody === undefined) return
  leaves.splice(0, 3, { ...byOrg, entry: draft.root === null ? null : { sharding_key: { [column]: rawName(draft.root) } } }, { ...byParent, entry: reference === null ? null : { sharding_key: draft.keyEntry(reference) } }, { ...nobody, entry: { exempt: 'skip' } })
  for (const { org, cell } of draft.everyOrg()) {
    draft.row(table, [cell], org, { ...none, [kind]: '0', [column]: org })
    if (reference === null) continue
    for (const row of draft.random.some(draft.rowsOf(reference.parent, org), 0.5)) draft.row(table, [cell], org, { ...none, [kind]: '1', ...draft.valuesOf(reference, row) })
  }
  for (const cell of ['a', 'b'] as const) draft.row(table, [cell], null, { ...none, [kind]: '2' })
  if (draft.random.chance(0.7)) belowLeaves(draft, table)
}

/** Told by the table whose leaves have different owners, and a grandchild. */
function belowLeaves(draft: Draft, split: GeneratedTable): void {
  const child = draft.table({ word: 'below_split', kind: 'owned' })
  draft.ownKey(child)
  const hasForeignKey = draft.random.chance(0.7)
  const reference = draft.refer(child, split, 'leaf', { foreignKey: hasForeignKey })
  if (!hasForeignKey || draft.random.chance(0.3)) draft.declare(child, { sharding_key: draft.keyEntry(reference) })
  childrenOf(draft, child, [reference])
  const beside = draft.table({ word: 'beside_split', kind: 'owned' })
  draft.ownKey(beside)
  const [above, other] = [draft.refer(beside, child, 'child'), draft.refer(beside, split, 'other')]
  childrenOf(draft, beside, [above, other])
}
