import type { RuleDocument } from './documents.js'
import type { Standing } from './standing.js'
import { isOwned, unitKey } from './ownership.js'
import type { Alternative, OwnedUnit, Unit } from './ownership.js'

/**
 * How the rows of a table lead to their organization, step by step, for people: "notes.project_id -> projects.id",
 * "projects.organization_id". With several ways the steps of all of them, each once. Null for what no key decides.
 */
export function ruleDocuments(units: readonly Unit[], standing: Standing): (unit: Unit) => RuleDocument | null {
  const owned = new Map(units.filter(isOwned).map((one) => [unitKey(one.id), one]))
  const name = namer(units)
  return (unit) => {
    if (!isOwned(unit) || unit.ownership.kind !== 'keys') return null
    const { alternatives } = unit.ownership
    const [first] = alternatives
    if (first === undefined) return null
    return {
      kind: unit.class === 'root' ? 'root' : alternatives.length > 1 ? 'any_of' : first.kind,
      columns: [...new Set(alternatives.flatMap(columnsOf))],
      path: pathOf(unit, { owned, name, standing }),
    }
  }
}

interface Known {
  readonly owned: ReadonlyMap<string, OwnedUnit>
  readonly name: (unit: Pick<Unit, 'id'>) => string
  readonly standing: Standing
}

function pathOf(unit: OwnedUnit, { owned, name, standing }: Known): readonly string[] {
  const steps = new Set<string>()
  const walked = new Set<string>()
  const walk = (at: OwnedUnit): void => {
    if (walked.has(unitKey(at.id))) return
    walked.add(unitKey(at.id))
    if (at.ownership.kind === 'query') {
      steps.add(`${name(at)}: query`)
      return
    }
    for (const alternative of at.ownership.alternatives) {
      const own = columnsOf(alternative).map((column) => `${name(at)}.${column}`).join(', ')
      const parents = alternative.kind === 'via' ? standing(alternative.parent).flatMap((id) => owned.get(unitKey(id)) ?? []) : []
      if (alternative.kind === 'direct' || parents.length === 0) steps.add(own)
      else {
        steps.add(`${own} -> ${alternative.parentColumns.map((column) => `${name({ id: alternative.parent })}.${column}`).join(', ')}`)
        for (const parent of parents) walk(parent)
      }
    }
  }
  walk(unit)
  return [...steps]
}

/** The bare name where it is enough to know the table by, in a decomposed cell too. */
function namer(units: readonly Unit[]): (unit: Pick<Unit, 'id'>) => string {
  const schemas = new Map<string, Set<string>>()
  for (const { id } of units) schemas.set(id.name, (schemas.get(id.name) ?? new Set<string>()).add(id.schema))
  return ({ id }) => ((schemas.get(id.name)?.size ?? 0) > 1 ? `${id.schema}.${id.name}` : id.name)
}

function columnsOf(alternative: Alternative): readonly string[] {
  return alternative.kind === 'direct' ? [alternative.column] : alternative.columns
}
