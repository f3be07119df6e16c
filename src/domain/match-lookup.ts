/** A row of a lookup table: the values of the columns asked for, as text, in their order. */
export type LookupRow = readonly (string | null)[]

export interface KeyedRow {
  readonly side: 'source' | 'target'
  readonly row: LookupRow
  /** The same for rows of equal natural keys, as their types see it; null where the key holds NULL. */
  readonly key: string | null
}

export interface LookupMatch {
  /** Source row and the target row of the same natural key. */
  readonly pairs: readonly { readonly source: LookupRow; readonly target: LookupRow }[]
  /** Rows that the target lacks. */
  readonly missing: readonly LookupRow[]
  /** Rows whose natural key stands twice on their side, or holds NULL: they cannot match anything safely. */
  readonly ambiguous: readonly { readonly side: 'source' | 'target'; readonly row: LookupRow }[]
}

/** Matches the rows of both sides by their keys. Pure. */
export function matchLookup(rows: readonly KeyedRow[]): LookupMatch {
  const groups = { source: new Map<string, LookupRow[]>(), target: new Map<string, LookupRow[]>() }
  const ambiguous: { side: 'source' | 'target'; row: LookupRow }[] = []
  for (const { side, row, key } of rows) {
    if (key === null) ambiguous.push({ side, row })
    else groups[side].set(key, [...(groups[side].get(key) ?? []), row])
  }
  const pairs: { source: LookupRow; target: LookupRow }[] = []
  const missing: LookupRow[] = []
  for (const side of ['source', 'target'] as const) {
    for (const same of groups[side].values()) if (same.length > 1) ambiguous.push(...same.map((row) => ({ side, row })))
  }
  for (const [key, [source, ...twins]] of groups.source) {
    const targets = groups.target.get(key) ?? []
    const [target] = targets
    if (source === undefined || twins.length > 0 || targets.length > 1) continue
    if (target === undefined) missing.push(source)
    else pairs.push({ source, target })
  }
  return { pairs, missing, ambiguous }
}
