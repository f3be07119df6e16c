import type { Settings } from '../config/settings.js'
import { classificationFindings } from '../checks/classification-findings.js'
import type { Catalog } from '../domain/catalog.js'
import { classify } from '../domain/classify.js'
import type { Classification } from '../domain/classify.js'
import type { DiscoverDocument, DiscoveredTable } from '../domain/documents.js'
import { finding } from '../domain/finding.js'
import type { Finding } from '../domain/finding.js'
import { isOwned } from '../domain/ownership.js'
import type { Unit } from '../domain/ownership.js'
import { ruleDocuments } from '../domain/ownership-path.js'
import { standingFor } from '../domain/standing.js'
import { inlinePredicates } from '../dataplane/inline-predicate.js'
import { withOrg } from '../dataplane/org-parameter.js'
import { AsyncDisposableStack } from '../postgres/disposable-stack.js'
import { readCatalog } from '../postgres/read-catalog.js'
import type { Session } from '../postgres/session.js'
import { cellNamed } from './cells.js'

export interface DiscoverInput {
  readonly settings: Settings
  readonly cell: string
  /** A reading session of the caller's making; closed here. */
  readonly open: (cell: string, database: string) => Promise<Session>
}

/** A cell as its catalogs and the declarations about it show it. */
export interface ClassifiedCell extends Classification {
  readonly catalogs: ReadonlyMap<string, Catalog>
}

/** Whose the rows of every table of a cell are. Reads catalogs, no rows; one session a database, one after the other. Throws OM1005. */
export async function discoverCell(input: DiscoverInput): Promise<DiscoverDocument> {
  return discoverDocument(input, await classifyCell(input))
}

export async function classifyCell({ settings, cell, open }: DiscoverInput): Promise<ClassifiedCell> {
  const catalogs = new Map<string, Catalog>()
  for (const database of cellNamed(settings, cell).databases.keys()) {
    await using stack = new AsyncDisposableStack()
    catalogs.set(database, await readCatalog(stack.use(await open(cell, database))))
  }
  return { catalogs, ...classify(catalogs, settings.tenancy) }
}

export function discoverDocument({ settings, cell }: Pick<DiscoverInput, 'settings' | 'cell'>, classified: ClassifiedCell): DiscoverDocument {
  const { catalogs, units } = classified
  const predicate = inlinePredicates(units, catalogs)
  const rule = ruleDocuments(units, standingFor(units, catalogs))
  return {
    cell,
    tables: units.map((unit) => discoveredTable(unit, rule(unit), predicate(unit))),
    findings: [...classificationFindings(cell, catalogs, settings.tenancy, classified), ...units.flatMap((unit) => wrongWhere(cell, unit))],
    error: null,
  }
}

function discoveredTable(unit: Unit, rule: DiscoveredTable['rule'], predicate: string | null): DiscoveredTable {
  const { database, schema, name } = unit.id
  return { database, schema, table: name, class: unit.class, rule, strategy: strategyOf(unit), origin: unit.origin, predicate }
}

export function strategyOf(unit: Unit): DiscoveredTable['strategy'] {
  if ('strategy' in unit) return unit.strategy
  return isOwned(unit) && unit.ownership.kind === 'query' ? 'query' : null
}

/** A `where` that is no single expression; whether the server understands it, `--check` and `plan` find out. */
function wrongWhere(cell: string, unit: Unit): readonly Finding[] {
  const where = isOwned(unit) && unit.ownership.kind === 'query' ? unit.ownership.where : unit.declared.where
  const declared = where === null ? null : withOrg(where, ':org')
  if (declared === null || declared.ok) return []
  const { database, schema, name } = unit.id
  return [finding('OM2111', 'error', { cell, database, schema, table: name }, { message: `${unit.declared.place ?? 'configuration'}: where of ${schema}.${name}: ${declared.problem}`, hint: 'a where is one boolean expression over alias t, with :org as its only parameter' })]
}
