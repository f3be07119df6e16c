/** A row of a lookup table: the values of the columns asked for, as text, in their order. */
export type LookupRow = readonly (string | null)[]

export interface LookupMatch {
  /** Source row and the target row of the same natural key. */
  readonly pairs: readonly { readonly source: LookupRow; readonly target: LookupRow }[]
  /** Rows that the target lacks. */
  readonly missing: readonly LookupRow[]
  /** Natural keys that stand twice on a side, or hold NULL: they cannot match anything safely. */
  readonly ambiguous: readonly { readonly side: 'source' | 'target'; readonly key: readonly (string | null)[] }[]
}

/** Matches the rows of both sides by the columns at `keyPositions`. Pure. */
export function matchLookup(source: readonly LookupRow[], target: readonly LookupRow[], keyPositions: readonly number[]): LookupMatch {
  const ambiguous: { side: 'source' | 'target'; key: readonly (string | null)[] }[] = []
  const index = (rows: readonly LookupRow[], side: 'source' | 'target'): Map<string, LookupRow> => {
    const byKey = new Map<string, LookupRow>()
    const twice = new Set<string>()
    for (const row of rows) {
      const key = keyPositions.map((n) => row[n] ?? null)
      const text = JSON.stringify(key)
      if (key.includes(null) || byKey.has(text)) {
        if (!twice.has(text)) ambiguous.push({ side, key })
        twice.add(text)
      }
      byKey.set(text, row)
    }
    for (const text of twice) byKey.delete(text)
    return byKey
  }
  const sources = index(source, 'source')
  const targets = index(target, 'target')
  const pairs: { source: LookupRow; target: LookupRow }[] = []
  const missing: LookupRow[] = []
  for (const [key, row] of sources) {
    const counterpart = targets.get(key)
    if (counterpart === undefined) missing.push(row)
    else pairs.push({ source: row, target: counterpart })
  }
  return { pairs, missing, ambiguous }
}
