import type { PostgresRouting } from '../config/settings.js'
import { tableKey } from '../domain/catalog.js'
import { MoverError } from '../domain/errors.js'
import type { Finding } from '../domain/finding.js'
import { sqlStateOf } from '../postgres/errors.js'
import { ident, qualified } from '../postgres/quote.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { unwritable, unrehearsed } from './rehearsal.js'
import { described } from './router.js'
import type { Flip, Route, Router } from './router.js'

type Parts = Readonly<Record<string, string>>
type PartName = 'table' | 'org_column' | 'org_type' | 'cell_column' | 'cell_type' | 'epoch' | 'raise' | 'same_epoch' | 'epoch_column' | 'epoch_value'

const FLIP_PARTS: readonly PartName[] = ['table', 'org_column', 'org_type', 'cell_column', 'cell_type', 'raise', 'same_epoch', 'epoch']

/** The row of a route is in use by whoever serves the organization: a rehearsal is short, or none. */
const REHEARSAL = { lockMs: 1_000, statementMs: 5_000 }

interface RouteRecord {
  cell: string | null
  epoch: string | null
}

/**
 * Routes in a PostgreSQL table, the own one or an existing one with columns of any type. All statements run on the one session
 * given: inside of a transaction of it they are part of that transaction. Looks the columns up once, at first use.
 */
export class PostgresRouter implements Router {
  readonly #session: Session
  readonly #settings: PostgresRouting
  #parts: Promise<Readonly<Record<PartName, string>>> | null = null

  constructor(session: Session, settings: PostgresRouting) {
    this.#session = session
    this.#settings = settings
  }

  isTransactionalWith(control: Session): boolean {
    return this.#session === control
  }

  async read(org: string): Promise<Route | null> {
    const rows = await this.#rows<RouteRecord>('read', ['table', 'org_column', 'org_type', 'cell_column', 'epoch'], [org])
    const [row] = rows
    if (row === undefined) return null
    if (rows.length > 1) throw this.#wrong(`has several rows for organization ${org}`, `make ${this.#settings.orgColumn} unique in it, or name another table`)
    return { cell: this.#cellOf(org, row.cell), epoch: epochOf(row.epoch) }
  }

  /** Two first routes at once can both be made only where the table has no unique index on the organization; `read` then refuses. */
  async set(org: string, cell: string): Promise<Route> {
    const before = await this.#current(org)
    const parts: PartName[] = ['table', 'org_column', 'org_type', 'cell_column', 'cell_type', 'epoch']
    const params = [org, this.#valueOf(cell)]
    const [row] =
      before === 'none'
        ? await this.#rows<{ epoch: string | null }>('insert', [...parts, 'epoch_column', 'epoch_value'], params)
        : await this.#rows<{ epoch: string | null }>('update', [...parts, 'raise'], params)
    if (row === undefined) throw changed(`the route of organization ${org} went away while it was being set`, 'run the command again')
    return { cell, epoch: this.#stands(org, await this.read(org), { cell, epoch: epochOf(row.epoch) }) }
  }

  async count(cell: string, most: number): Promise<number> {
    const [row] = await this.#rows<{ routes: string }>('count', ['table', 'cell_column', 'cell_type'], [this.#valueOf(cell), most])
    return Number(row?.routes ?? 0)
  }

  async flip({ org, from, to, epoch }: Flip): Promise<{ readonly epoch: bigint | null }> {
    const params = [org, this.#valueOf(to), this.#valueOf(from), ...(this.#settings.epochColumn === null ? [] : [epoch === null ? null : String(epoch)])]
    const [row] = await this.#rows<{ epoch: string | null }>('flip', FLIP_PARTS, params)
    const now = await this.read(org)
    if (row !== undefined) return { epoch: this.#stands(org, now, { cell: to, epoch: epochOf(row.epoch) }) }
    throw changed(
      `the route of organization ${org} was expected ${described({ cell: from, epoch })}, but is ${described(now)}; it was not changed`,
      'find out who changed it; `org-mover route get` shows it, `org-mover abort` takes the move back',
    )
  }

  /**
   * The first route where there is none, the flip, and what is deferred to the end of its transaction; then all of it is rolled back. Locks the row of the
   * route for as long. Where a trigger could tell somebody of what is then rolled back, the flip is only planned.
   */
  async rehearse({ org, from, to }: Omit<Flip, 'epoch'>): Promise<readonly Finding[]> {
    const { table } = this.#settings
    const before = await this.read(org)
    // a route that is another already is told by whoever binds the move to it
    if (before !== null && before.cell !== from) return []
    try {
      const [way] = await this.#session.rows<{ trigger: string; way: string }>(sql('routing/way-out'), [qualified(table)])
      if (way === undefined) return await this.#session.transaction('READ COMMITTED', () => this.#flipWhole({ org, from, to, epoch: before?.epoch ?? null }, before === null), 'ROLLBACK')
      await this.explain([from, to])
      return [unrehearsed(table, way)]
    } catch (error) {
      return [unwritable(table, error)]
    }
  }

  /** Has the server plan flips between cells, without a look at any row: that types, values of cells and privileges fit. Throws what the server says. */
  async explain(cells: readonly string[]): Promise<void> {
    for (const cell of cells) {
      const params = [null, this.#valueOf(cell), this.#valueOf(cell), ...(this.#settings.epochColumn === null ? [] : [null])]
      await this.#rows('flip', FLIP_PARTS, params, 'EXPLAIN ')
    }
  }

  async #flipWhole(flip: Flip, isFirst: boolean): Promise<readonly Finding[]> {
    await this.#session.execute(`SET LOCAL lock_timeout = ${REHEARSAL.lockMs}; SET LOCAL statement_timeout = ${REHEARSAL.statementMs}`)
    const { epoch } = await this.flip(isFirst ? { ...flip, epoch: (await this.set(flip.org, flip.from)).epoch } : flip)
    await this.#session.execute('SET CONSTRAINTS ALL IMMEDIATE')
    this.#stands(flip.org, await this.read(flip.org), { cell: flip.to, epoch })
    return []
  }

  /** That a row was written proves nothing where the table has triggers: only a route that is read again counts. Yields its epoch. */
  #stands(org: string, now: Route | null, meant: Route): bigint | null {
    if (now?.cell === meant.cell && now.epoch === meant.epoch) return now.epoch
    throw changed(
      `the route of organization ${org} was set to be ${described(meant)}, but is ${described(now)}: a trigger of ${tableKey(this.#settings.table)} or another session changes it`,
      'look at the triggers of the routing table; `org-mover route get` shows the route',
    )
  }

  /** As `read`, for a repair: a cell value that nobody knows may be replaced. */
  async #current(org: string): Promise<'none' | 'one'> {
    const rows = await this.#rows<RouteRecord>('read', ['table', 'org_column', 'org_type', 'cell_column', 'epoch'], [org])
    if (rows.length > 1) throw this.#wrong(`has several rows for organization ${org}`, `make ${this.#settings.orgColumn} unique in it, or name another table`)
    return rows.length === 0 ? 'none' : 'one'
  }

  async #rows<Row>(statement: string, names: readonly PartName[], params: readonly unknown[], prefix = ''): Promise<(Row & Record<string, unknown>)[]> {
    this.#parts ??= this.#lookUp()
    let all: Readonly<Record<PartName, string>>
    try {
      all = await this.#parts
    } catch (error) {
      // the next call looks again: the failure may have been the connection's
      this.#parts = null
      throw error
    }
    const parts: Parts = Object.fromEntries(names.map((name) => [name, all[name]]))
    try {
      return await this.#session.rows<Row & Record<string, unknown>>(`${prefix}${sql(`routing/${statement}`, parts)}`, params)
    } catch (error) {
      throw this.#explained(error, all)
    }
  }

  async #lookUp(): Promise<Readonly<Record<PartName, string>>> {
    const { table, orgColumn, cellColumn, epochColumn } = this.#settings
    const rows = await this.#session.rows<{ name: string; type: string }>(sql('routing/columns'), [table.schema, table.name])
    if (rows.length === 0) throw this.#wrong('does not exist', this.#settings.isOwn ? 'run `org-mover init`' : 'correct `routing.table` in the configuration')
    const types = new Map(rows.map((row) => [row.name, row.type]))
    const typeOf = (column: string): string => {
      const type = types.get(column)
      if (type === undefined) throw this.#wrong(`has no column ${column}`, 'correct `routing` in the configuration')
      return type
    }
    const epoch = epochColumn === null ? null : { name: ident(epochColumn), type: typeOf(epochColumn) }
    return {
      table: qualified(table),
      org_column: ident(orgColumn),
      org_type: typeOf(orgColumn),
      cell_column: ident(cellColumn),
      cell_type: typeOf(cellColumn),
      epoch: epoch === null ? 'NULL' : `r.${epoch.name}`,
      raise: epoch === null ? '' : `, ${epoch.name} = coalesce(r.${epoch.name}, 0) + 1`,
      same_epoch: epoch === null ? '' : ` AND r.${epoch.name} IS NOT DISTINCT FROM $4::${epoch.type}`,
      epoch_column: epoch === null ? '' : `, ${epoch.name}`,
      epoch_value: epoch === null ? '' : ', 1',
    }
  }

  #valueOf(cell: string): string {
    return this.#settings.cellValues.get(cell) ?? cell
  }

  #cellOf(org: string, value: string | null): string {
    const known = [...this.#settings.cellValues].find(([, stored]) => stored === value)
    if (known !== undefined) return known[0]
    throw new MoverError({
      code: 'OM1005',
      message: `routing has organization ${org} on ${value === null ? 'no cell (NULL)' : `the cell value ${JSON.stringify(value)}`}, which is no cell of the configuration`,
      hint: 'add the cell, or its value under `routing.cell_values`; `org-mover route set` repairs a wrong route',
      retry: 'after-fix',
    })
  }

  /** A parameter that the column's type does not take is a wrong organization or cell value, not a fault of the database. */
  #explained(error: unknown, parts: Readonly<Record<PartName, string>>): unknown {
    if (!/^22(P02|003|007|008)$/.test(sqlStateOf(error) ?? '')) return error
    const { orgColumn, cellColumn } = this.#settings
    return new MoverError({
      code: 'OM1006',
      message: `the organization or cell is not a value that the routing table ${tableKey(this.#settings.table)} can hold (${orgColumn} is ${parts.org_type}, ${cellColumn} is ${parts.cell_type})`,
      hint: 'check the id of the organization and `routing.cell_values`',
      retry: 'after-fix',
      cause: error,
    })
  }

  #wrong(what: string, hint: string): MoverError {
    const code = this.#settings.isOwn ? 'OM2013' : 'OM1001'
    return new MoverError({ code, message: `routing table ${tableKey(this.#settings.table)} ${what}`, hint, retry: 'after-fix' })
  }
}

function epochOf(text: string | null): bigint | null {
  return text === null ? null : BigInt(text)
}

function changed(message: string, hint: string): MoverError {
  return new MoverError({ code: 'OM5001', message, hint, retry: 'after-fix' })
}
