import type { Table } from './catalog.js'
import type { KeySet } from './move-plan.js'
import { unitKey } from './ownership.js'
import type { OwnedUnit, UnitId } from './ownership.js'
import type { Standing } from './standing.js'

interface Draft {
  readonly id: UnitId
  readonly owners: readonly [OwnedUnit, ...(readonly OwnedUnit[])]
  readonly columns: readonly string[]
  readonly databases: Set<string>
}

/**
 * The key sets that the alternatives of these tables ask for, parents first. Tarjan's strongly connected components give the
 * order; a component of several sets, or one that asks for itself (a table nested in itself), is a circle.
 */
export function buildKeySets(units: readonly OwnedUnit[], standing: Standing): readonly KeySet[] {
  const byId = new Map(units.map((unit) => [unitKey(unit.id), unit]))
  const drafts = new Map<string, Draft>()
  for (const unit of units) {
    for (const { parent, parentColumns } of viasOf(unit)) {
      const [owner, ...others] = standing(parent).flatMap((id) => byId.get(unitKey(id)) ?? [])
      if (owner === undefined) continue
      const key = draftKey(parent, parentColumns)
      const draft = drafts.get(key) ?? { id: parent, owners: [owner, ...others] as const, columns: parentColumns, databases: new Set<string>() }
      draft.databases.add(unit.id.database)
      drafts.set(key, draft)
    }
  }
  const edges = new Map<string, readonly string[]>()
  for (const [key, draft] of drafts) edges.set(key, draft.owners.flatMap(viasOf).map(({ parent, parentColumns }) => draftKey(parent, parentColumns)))
  return components([...drafts.keys()].sort(), edges).flatMap((component, index) => {
    const isCircle = component.length > 1 || component.some((key) => edges.get(key)?.includes(key))
    return component.map((key): Omit<KeySet, 'no'> => {
      const draft = drafts.get(key)
      if (draft === undefined) throw new RangeError(`no key set ${key}`)
      const columns = draft.columns.map((name) => columnNamed(draft.owners[0].table, name))
      return {
        owner: draft.id,
        tables: draft.owners.map((owner) => owner.id),
        columns: draft.columns,
        equality: columns.map((column) => column.equalitySchema ?? 'pg_catalog'),
        collations: columns.map(({ collation, deterministic }) => ({ collation, deterministic })),
        databases: [...new Set([draft.id.database, ...draft.databases])],
        circle: isCircle ? index + 1 : null,
      }
    })
  }).map((set, index) => ({ no: index + 1, ...set }))
}

function viasOf(unit: OwnedUnit): readonly { readonly parent: UnitId; readonly parentColumns: readonly string[] }[] {
  const chosen = unit.ownership.kind === 'keys' ? unit.ownership.alternatives : []
  // the chains that were passed over are compared row by row in prepare, so their sets are needed too
  return [...chosen, ...unit.otherChains].filter((alternative) => alternative.kind === 'via')
}

function columnNamed(table: Table, name: string): Table['columns'][number] {
  const column = table.columns.find((c) => c.name === name)
  if (column === undefined) throw new RangeError(`${table.name} has no column ${name}`)
  return column
}

function draftKey(parent: UnitId, columns: readonly string[]): string {
  return `${unitKey(parent)}\0${columns.join('\0')}`
}

/** R. Tarjan, "Depth-first search and linear graph algorithms", SIAM J. Comput. 1(2), 1972; yields what is depended on first. */
function components(nodes: readonly string[], edges: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: string[] = []
  const stacked = new Set<string>()
  const found: string[][] = []
  const visit = (node: string): void => {
    index.set(node, index.size)
    low.set(node, index.get(node) ?? 0)
    stack.push(node)
    stacked.add(node)
    for (const next of edges.get(node) ?? []) {
      if (!index.has(next)) {
        if (!edges.has(next)) continue
        visit(next)
        low.set(node, Math.min(low.get(node) ?? 0, low.get(next) ?? 0))
      } else if (stacked.has(next)) low.set(node, Math.min(low.get(node) ?? 0, index.get(next) ?? 0))
    }
    if (low.get(node) !== index.get(node)) return
    const component: string[] = []
    for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
      stacked.delete(top)
      component.push(top)
      if (top === node) break
    }
    found.push(component.sort())
  }
  for (const node of nodes) if (!index.has(node)) visit(node)
  return found
}
