import type { CellListing, Listed } from './listing.js'

export interface Listings {
  readonly source: CellListing
  readonly target: CellListing
}

/** One table of the organization that moved: on the source before, on the target after. */
export interface ComparedTable {
  readonly table: string
  readonly rows: number
  readonly before: string
  readonly after: string
  readonly isEqual: boolean
}

export interface Proof {
  readonly tables: readonly ComparedTable[]
  /** How many owners (organizations, people, topics) other than the one that moved were compared, and their rows. */
  readonly others: { readonly owners: number; readonly rows: number }
  /** People and topics that the target did not have before. */
  readonly arrived: number
  /** Everything that is not as it must be; empty when the move did what it should and nothing else. */
  readonly problems: readonly string[]
}

/** What a move of `org`, purge included, must have done and nothing else; told from listings before and after it. */
export function prove(org: string, before: Listings, after: Listings): Proof {
  const tables = compareMoved(org, before.source, after.target)
  const source = compareOthers('source', org, before.source, after.source)
  const target = compareOthers('target', org, before.target, after.target)
  const known = ownersOf(before.target)
  const arrived = [...ownersOf(after.target)].filter((owner) => owner !== org && !known.has(owner))
  return {
    tables,
    others: { owners: source.owners + target.owners, rows: source.rows + target.rows },
    arrived: arrived.length,
    problems: [
      ...(tables.length === 0 ? ['the organization has no rows at all'] : []),
      ...tables.filter((table) => !table.isEqual).map(({ table }) => `${table} of the organization differs between the source before and the target after the move`),
      ...rowsOf(after.source, org).map((row) => `the source still holds ${row.count} rows of the organization in ${row.table}`),
      ...source.changes.map(({ text }) => text),
      ...target.changes.filter(({ owner }) => !arrived.includes(owner)).map(({ text }) => text),
      ...arrived.filter((owner) => !mayArrive(owner, before.source, after.target)).map((owner) => `${owner} is on the target now and should not be, or not like this`),
      ...compareObjects('source', before.source, after.source),
      ...compareObjects('target', before.target, after.target),
    ],
  }
}

function compareMoved(org: string, source: CellListing, target: CellListing): readonly ComparedTable[] {
  const [before, after] = [byTable(rowsOf(source, org)), byTable(rowsOf(target, org))]
  return [...new Set([...before.keys(), ...after.keys()])].map((table) => {
    const [one, other] = [before.get(table), after.get(table)]
    return { table, rows: one?.count ?? 0, before: one?.acrossCells ?? '', after: other?.acrossCells ?? '', isEqual: one?.count === other?.count && one?.acrossCells === other?.acrossCells }
  })
}

interface Change {
  readonly owner: string
  readonly text: string
}

interface Others {
  readonly owners: number
  readonly rows: number
  readonly changes: readonly Change[]
}

function compareOthers(side: string, org: string, before: CellListing, after: CellListing): Others {
  const others = before.rows.filter((row) => row.owner !== org)
  const [then, now] = [byKey(others), byKey(after.rows.filter((row) => row.owner !== org))]
  const changed = [...new Set([...then.keys(), ...now.keys()])].filter((key) => then.get(key)?.asStored !== now.get(key)?.asStored || then.get(key)?.count !== now.get(key)?.count)
  return {
    owners: new Set(others.map((row) => row.owner)).size,
    rows: others.reduce((sum, row) => sum + row.count, 0),
    changes: changed.map((key) => {
      const { table, owner } = then.get(key) ?? now.get(key) ?? { table: '?', owner: '?' }
      return { owner, text: `${table} of ${owner} changed on the ${side}, though another organization moved (${then.get(key)?.count ?? 0} rows before, ${now.get(key)?.count ?? 0} after)` }
    }),
  }
}

/** People and topics may come along to the target, as they are on the source; nobody else may. */
function mayArrive(owner: string, source: CellListing, target: CellListing): boolean {
  const [there, here] = [byTable(rowsOf(source, owner)), byTable(rowsOf(target, owner))]
  return /^(?:person|topic) /.test(owner) && [...here].every(([table, row]) => there.get(table)?.acrossCells === row.acrossCells)
}

function compareObjects(side: string, before: CellListing, after: CellListing): readonly string[] {
  const added = [...after.objects].filter((object) => !before.objects.has(object)).map((object) => `${object} was left on the ${side}`)
  const gone = [...before.objects].filter((object) => !after.objects.has(object)).map((object) => `${object} is gone from the ${side}`)
  return [...added, ...gone]
}

function rowsOf(listing: CellListing, owner: string): readonly Listed[] {
  return listing.rows.filter((row) => row.owner === owner)
}

function ownersOf(listing: CellListing): ReadonlySet<string> {
  return new Set(listing.rows.map((row) => row.owner))
}

function byTable(rows: readonly Listed[]): ReadonlyMap<string, Listed> {
  return new Map(rows.map((row) => [row.table, row]))
}

function byKey(rows: readonly Listed[]): ReadonlyMap<string, Listed> {
  return new Map(rows.map((row) => [`${row.owner}\0${row.table}`, row]))
}
