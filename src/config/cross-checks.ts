import type { Problem } from './problems.js'
import type { YamlSource } from './yaml-source.js'

/**
 * What no single key can say of itself. Works on unchecked data, so that these problems are listed together with those of
 * the schema (a schema's own cross-checks are skipped as soon as anything else is wrong).
 */
export function crossChecks(source: YamlSource): readonly Problem[] {
  return [...cellValueProblems(source), ...capacityProblems(source)]
}

/** Routes can be counted where they are rows. */
function capacityProblems(source: YamlSource): readonly Problem[] {
  const kind = member(member(source.data, 'routing'), 'kind') ?? 'postgres'
  if (kind === 'postgres') return []
  return Object.entries(record(member(source.data, 'cells'))).flatMap(([cell, settings]) => {
    const path = ['cells', cell, 'capacity', 'organizations']
    return member(member(settings, 'capacity'), 'organizations') === undefined ? [] : [{ place: source.placeOf(path), path, text: 'organizations can be counted in a routing table only: use a probe' }]
  })
}

function cellValueProblems(source: YamlSource): readonly Problem[] {
  const cells = Object.keys(record(member(source.data, 'cells')))
  const written = record(member(member(source.data, 'routing'), 'cell_values'))
  const problems: Problem[] = []
  const report = (cell: string, text: string): void => {
    const path = ['routing', 'cell_values', cell]
    problems.push({ place: source.placeOf(path), path, text })
  }
  for (const cell of Object.keys(written)) {
    if (!cells.includes(cell)) report(cell, 'no such cell')
  }
  const owner = new Map<string, string>()
  for (const cell of cells) {
    const value = String(written[cell] ?? cell)
    const other = owner.get(value)
    if (other !== undefined) report(cell in written ? cell : other, `stands for ${other} as well as for ${cell}`)
    owner.set(value, cell)
  }
  return problems
}

function member(data: unknown, key: string): unknown {
  return record(data)[key]
}

function record(data: unknown): Readonly<Record<string, unknown>> {
  return typeof data === 'object' && data !== null && !Array.isArray(data) ? (data as Record<string, unknown>) : {}
}
