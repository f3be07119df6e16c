import type { MovePlan, OwnedTable, Reference } from '../../src/domain/move-plan.js'

/** A table in the order in which foreign keys allow it to be filled. */
export interface LoadStep {
  readonly table: OwnedTable
  /** Columns to leave NULL at first and to fill once every table is there: they close a cycle of foreign keys. */
  readonly later: readonly string[]
}

/**
 * Parents first. Where keys go in a circle, a nullable one of them is cut: its columns that may be NULL are filled by an UPDATE
 * at the end, as a careful operator would do it. References of a table to itself need no order: COPY checks at its end.
 */
export function loadOrder({ owned }: MovePlan): readonly LoadStep[] {
  const later = new Map<OwnedTable, Set<string>>()
  const ordered: OwnedTable[] = []
  const rest = new Set(owned)
  while (rest.size > 0) {
    const ready = [...rest].find((table) => parentsIn(rest, table, later).length === 0)
    if (ready === undefined) cutOne(rest, later)
    else {
      ordered.push(ready)
      rest.delete(ready)
    }
  }
  return ordered.map((table) => ({ table, later: [...(later.get(table) ?? [])] }))
}

type Later = ReadonlyMap<OwnedTable, ReadonlySet<string>>

function parentsIn(rest: ReadonlySet<OwnedTable>, table: OwnedTable, later: Later): readonly Reference[] {
  return table.references.filter(
    (reference) =>
      reference.constraint !== null &&
      reference.parent.name !== table.id.name &&
      [...rest].some((other) => other.id.name === reference.parent.name) &&
      !reference.columns.some((name) => later.get(table)?.has(name)),
  )
}

/** Cuts the first nullable reference that lies on a circle. */
function cutOne(rest: ReadonlySet<OwnedTable>, later: Map<OwnedTable, Set<string>>): void {
  for (const table of rest) {
    for (const reference of parentsIn(rest, table, later)) {
      const nullable = reference.columns.filter((name) => table.columns.some((column) => column.name === name && !column.notNull))
      if (nullable.length === 0 || !leadsBack(rest, reference.parent.name, table, later)) continue
      later.set(table, new Set([...(later.get(table) ?? []), ...nullable]))
      return
    }
  }
  throw new Error('a cycle of foreign keys has no nullable column')
}

function leadsBack(rest: ReadonlySet<OwnedTable>, from: string, to: OwnedTable, later: Later, seen: ReadonlySet<string> = new Set()): boolean {
  if (from === to.id.name) return true
  if (seen.has(from)) return false
  const table = [...rest].find((other) => other.id.name === from)
  return table !== undefined && parentsIn(rest, table, later).some((reference) => leadsBack(rest, reference.parent.name, to, later, new Set([...seen, from])))
}
