import { tableKey, tableNamed } from '../domain/catalog.js'
import type { Column, Table } from '../domain/catalog.js'
import { comparedUnder } from '../domain/collations.js'
import { isOwned, unitKey } from '../domain/ownership.js'
import type { Alternative, OwnedUnit, Unit, UnitId } from '../domain/ownership.js'
import { standingFor } from '../domain/standing.js'
import type { Standing } from '../domain/standing.js'
import type { Catalogs } from '../domain/units.js'
import { columnOf, ident, qualified } from '../postgres/quote.js'
import { compared, underCollation } from './compare.js'
import { withOrg } from './org-parameter.js'

/** Nested rules can multiply: a predicate longer than this helps nobody. */
const LONGEST = 100_000

type Via = Extract<Alternative, { kind: 'via' }>

/** Where in the nesting a piece of SQL stands: its alias, the number of the next ones, and the tables around it. */
interface Position {
  readonly alias: string
  readonly depth: number
  readonly around: readonly string[]
}

/**
 * Yields for each unit which rows are an organization's, as one boolean expression over alias t with the token :org: the same rows
 * as `ownedRows`, but asking the parents themselves instead of key sets, for people and programs that have none. The keys of an owner
 * in another database are the array parameter `:keys_<table>` (`:keys_<table>_<column>` where they are not its primary key).
 * Null where no single expression can say it: several tables in a circle, a declared `where` that is no expression, or more than 100 kB.
 */
export function inlinePredicates(units: readonly Unit[], catalogs: Catalogs): (unit: Unit) => string | null {
  const compiler = new PredicateCompiler(units, catalogs)
  return (unit) => (isOwned(unit) ? compiler.owned(unit, { alias: 't', depth: 1, around: [] }) : null)
}

class PredicateCompiler {
  readonly #units: ReadonlyMap<string, OwnedUnit>
  /** Tables with inheritance children, which are tables of their own and must be kept out. */
  readonly #inherited: ReadonlySet<string>
  readonly #catalogs: Catalogs
  readonly #standing: Standing

  constructor(units: readonly Unit[], catalogs: Catalogs) {
    this.#catalogs = catalogs
    this.#standing = standingFor(units, catalogs)
    this.#units = new Map(units.filter(isOwned).map((unit) => [unitKey(unit.id), unit]))
    this.#inherited = new Set([...catalogs].flatMap(([database, { tables }]) => tables.filter((t) => !t.isPartition).flatMap((t) => t.parents.map((parent) => `${database}:${tableKey(parent)}`))))
  }

  /** In brackets, or free of OR: it can stand beside an AND. */
  owned(unit: OwnedUnit, at: Position): string | null {
    if (unit.ownership.kind === 'query') {
      const declared = withOrg(unit.ownership.where, ':org')
      return declared.ok ? `(${declared.sql.trim()})` : null
    }
    const selves = selfReferences(unit)
    const others = this.#others(unit, at)
    if (others === null) return null
    const nested = selves.map((self) => this.#isIn(unit, self, at, this.#nestedKeys(unit, self.parentColumns, this.#inside(unit, at))))
    return anyOf([...others, ...nested])
  }

  /** The alternatives that do not lead to the table itself. */
  #others(unit: OwnedUnit, at: Position): readonly (string | null)[] | null {
    const alternatives = unit.ownership.kind === 'keys' ? unit.ownership.alternatives : []
    const branches: (string | null)[] = []
    for (const alternative of alternatives) {
      if (isSelf(unit, alternative)) continue
      const branch = alternative.kind === 'direct' ? this.#isOrg(unit, alternative.column, at) : this.#hasOwner(unit, alternative, at)
      if (branch === null) return null
      branches.push(branch)
    }
    return branches
  }

  #isOrg(unit: OwnedUnit, name: string, { alias }: Position): string {
    return compared(columnOf(alias, name), '=', ':org', equalityOf(columnNamed(unit, name)))
  }

  #hasOwner(unit: OwnedUnit, via: Via, at: Position): string | null {
    const owners = this.#standing(via.parent).flatMap((id) => this.#units.get(unitKey(id)) ?? [])
    if (owners.length === 0) return null
    if (via.parent.database !== unit.id.database) return this.#isInParameter(unit, via, at)
    const keys = owners.map((owner) => this.#keys(owner, via.parentColumns, this.#inside(unit, at)))
    const known = keys.filter((one) => one !== null)
    if (known.length < keys.length) return null
    return this.#isIn(unit, via, at, known.length === 1 ? known.join('') : known.map((one) => `(${one})`).join(' UNION ALL '))
  }

  /** `SELECT` of the keys of a table's owned rows. */
  #keys(owner: OwnedUnit, columns: readonly string[], at: Position): string | null {
    if (at.around.includes(unitKey(owner.id))) return null
    const selves = selfReferences(owner)
    if (selves.length > 0 && columns.every((name) => selves.some((self) => self.parentColumns.includes(name)))) return this.#nestedKeys(owner, columns, at)
    // a declared `where` speaks of t, and in here t is this table
    const alias = owner.ownership.kind === 'query' ? 't' : `p${at.depth}`
    const where = this.owned(owner, { ...at, alias, depth: at.depth + 1 })
    return where === null ? null : `SELECT ${columns.map((name) => columnOf(alias, name)).join(', ')} FROM ${this.#relation(owner.id)} AS ${alias} WHERE ${where}`
  }

  /** The same for a table nested in itself: from the rows that have an owner of their own down to all below them. */
  #nestedKeys(owner: OwnedUnit, columns: readonly string[], at: Position): string | null {
    const selves = selfReferences(owner)
    const kept = [...new Set([...selves.flatMap((self) => self.parentColumns), ...columns])]
    const [alias, found] = [`p${at.depth}`, `r${at.depth}`]
    const start = this.#others(owner, { alias, depth: at.depth + 1, around: at.around })
    const where = start === null ? null : anyOf(start)
    if (where === null) return null
    const below = selves.map((self) => self.columns.map((name, n) => compared(columnOf(alias, name), '=', `${found}.${ident(self.parentColumns[n] ?? '')}${collated(columnNamed(owner, name), columnNamed(owner, self.parentColumns[n] ?? ''))}`, equalityOf(columnNamed(owner, name)))).join(' AND '))
    const rows = `SELECT ${kept.map((name) => columnOf(alias, name)).join(', ')} FROM ${this.#relation(owner.id)} AS ${alias}`
    const list = (names: readonly string[]): string => names.map(ident).join(', ')
    return `WITH RECURSIVE ${found} (${list(kept)}) AS (${rows} WHERE ${where} UNION ${rows} JOIN ${found} ON ${below.map((one) => (below.length > 1 ? `(${one})` : one)).join(' OR ')}) SELECT ${columns.map((name) => `${found}.${ident(name)}`).join(', ')} FROM ${found}`
  }

  #isIn(unit: OwnedUnit, via: Via, { alias, depth }: Position, keys: string | null): string | null {
    if (keys === null || keys.length > LONGEST) return null
    const columns = via.columns.map((name) => columnNamed(unit, name))
    const left = columns.map((column) => columnOf(alias, column.name))
    const parent = this.#tableOf(via.parent)
    const collations = columns.map((column, n) => (parent === undefined ? '' : collated(column, columnNamed({ table: parent }, via.parentColumns[n] ?? ''))))
    if (columns.every((column, n) => equalityOf(column) === 'pg_catalog' && collations[n] === '')) return `${left.length === 1 ? left.join('') : `(${left.join(', ')})`} IN (${keys})`
    const equal = columns.map((column, n) => compared(left[n] ?? '', '=', `k${depth}.c${n + 1}${collations[n] ?? ''}`, equalityOf(column)))
    return `EXISTS (SELECT 1 FROM (${keys}) AS k${depth} (${columns.map((_, n) => `c${n + 1}`).join(', ')}) WHERE ${equal.join(' AND ')})`
  }

  #isInParameter(unit: OwnedUnit, via: Via, { alias }: Position): string {
    const columns = via.columns.map((name) => columnNamed(unit, name))
    const primary = this.#tableOf(via.parent)?.indexes.find((index) => index.isPrimary)?.columns ?? []
    const isPrimary = primary.length === 1 && primary[0] === via.parentColumns[0]
    const parameters = via.parentColumns.map((name) => `:keys_${[via.parent.name, ...(isPrimary ? [] : [name])].join('_').replaceAll(/\W/g, '_')}`)
    const parent = this.#tableOf(via.parent)
    const left = columns.map((column, n) => `${columnOf(alias, column.name)}${parent === undefined ? '' : collated(column, columnNamed({ table: parent }, via.parentColumns[n] ?? ''))}`)
    const [only] = columns
    if (columns.length === 1 && only !== undefined) {
      const schema = equalityOf(only)
      return `${left.join('')} ${schema === 'pg_catalog' ? '=' : `OPERATOR(${ident(schema)}.=)`} ANY (${parameters.join('')})`
    }
    const equal = columns.map((column, n) => compared(left[n] ?? '', '=', `k.c${n + 1}`, equalityOf(column)))
    return `EXISTS (SELECT 1 FROM unnest(${parameters.join(', ')}) AS k (${columns.map((_, n) => `c${n + 1}`).join(', ')}) WHERE ${equal.join(' AND ')})`
  }

  #inside(unit: OwnedUnit, at: Position): Position {
    return { alias: at.alias, depth: at.depth, around: [...at.around, unitKey(unit.id)] }
  }

  #tableOf(id: UnitId): Table | undefined {
    return tableNamed(this.#catalogs.get(id.database), id)
  }

  #relation(id: UnitId): string {
    return `${this.#inherited.has(unitKey(id)) ? 'ONLY ' : ''}${qualified(id)}`
  }
}

function anyOf(branches: readonly (string | null)[]): string | null {
  const known = branches.filter((branch) => branch !== null)
  if (known.length < branches.length || known.length === 0) return null
  const joined = known.length === 1 ? known.join('') : `(${known.map((branch) => `(${branch})`).join(' OR ')})`
  return joined.length > LONGEST ? null : joined
}

function selfReferences(unit: OwnedUnit): readonly Via[] {
  return unit.ownership.kind === 'keys' ? unit.ownership.alternatives.filter((alternative) => isSelf(unit, alternative)) : []
}

function isSelf(unit: OwnedUnit, alternative: Alternative): alternative is Via {
  return alternative.kind === 'via' && unitKey(alternative.parent) === unitKey(unit.id)
}

/** As in `belongs`. */
function collated(child: Column, parent: Column): string {
  return underCollation('', comparedUnder(child, parent, child))
}

function equalityOf(column: Column): string {
  return column.equalitySchema ?? 'pg_catalog'
}

function columnNamed({ table }: Pick<OwnedUnit, 'table'>, name: string): Column {
  const column = table.columns.find((c) => c.name === name)
  if (column === undefined) throw new RangeError(`${tableKey(table)} has no column ${name}`)
  return column
}
