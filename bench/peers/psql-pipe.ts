import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { inlineScope } from '../../src/dataplane/inline-scope.js'
import { keySetRelation, mapRelation } from '../../src/dataplane/names.js'
import { ownedRows } from '../../src/dataplane/owned-rows.js'
import type { RowSource } from '../../src/dataplane/owned-rows.js'
import { identityColumns } from '../../src/dataplane/owned-rows.js'
import { loadedColumns, projected } from '../../src/dataplane/projection.js'
import type { MovePlan, OwnedTable, PlanColumn } from '../../src/domain/move-plan.js'
import { ident, identList, qualified } from '../../src/postgres/quote.js'
import { measure } from '../measure.js'
import type { Measured } from '../measure.js'
import { loadOrder } from './load-order.js'

/**
 * The peer: what an operator writes by hand. One `psql COPY … TO STDOUT | psql COPY … FROM STDIN` per table, one after the
 * other, parents first, without any verification. Its queries join the parents; lookup ids are remapped through the same map
 * tables as the mover's.
 */
export class PsqlPipe {
  readonly #psql: string
  readonly #plan: MovePlan
  readonly #moveId: string

  constructor(psql: string, plan: MovePlan, moveId: string) {
    this.#psql = psql
    this.#plan = plan
    this.#moveId = moveId
  }

  async run(urls: { readonly source: string; readonly target: string }, options: { readonly replicaRole: boolean }): Promise<Measured> {
    const measured = await measure({ command: 'bash', args: ['-c', this.#script(options.replicaRole)], env: { PSQL: this.#psql, SOURCE: urls.source, TARGET: urls.target } })
    if (measured.exitCode !== 0) throw new Error(`the pipe failed: ${measured.stderr}`)
    return measured
  }

  /** One count for each table, on either side; by the same rows as the pipe's. */
  counts(): string {
    return this.#plan.owned.map((table) => `SELECT ${table.no} AS no, count(*)::text AS rows FROM ${this.rows(table).from} WHERE ${this.rows(table).where}`).join(' UNION ALL ')
  }

  /** One DELETE for each table, children first, none of whose triggers and cascades fire. */
  deletes(): readonly string[] {
    const deletes = [...loadOrder(this.#plan)].reverse().map(({ table }) => {
      const { from, where } = this.rows(table)
      const key = identityColumns(table).map((column) => ident(column.name))
      const name = qualified(table.id)
      // several key columns: the rows come from a union, and are told by their primary key
      return from.startsWith('(') ? `DELETE FROM ${name} AS d USING (SELECT * FROM ${from}) AS t WHERE ${key.map((k) => `d.${k} = t.${k}`).join(' AND ')}` : `DELETE FROM ${name} AS t WHERE ${where}`
    })
    return ['SET session_replication_role = replica', ...deletes]
  }

  inOrder(): readonly OwnedTable[] {
    return loadOrder(this.#plan).map(({ table }) => table)
  }

  rows(table: OwnedTable): RowSource {
    const relation = (no: number): string => keySetRelation(this.#moveId, no)
    return ownedRows(table, inlineScope(this.#plan, table.id.database, { org: this.#plan.org, keySets: this.#plan.keySets, relation: (set) => relation(set.no) }))
  }

  #script(replicaRole: boolean): string {
    const before = replicaRole ? ['SET session_replication_role = replica'] : []
    const steps = loadOrder(this.#plan)
    // the replica role checks no foreign keys: nothing has to wait
    const copies = steps.map(({ table, later }) => {
      const columns = loadedColumns(table).filter((column) => replicaRole || !later.includes(column.name))
      return pipe(this.#read(table, columns), [...before, `COPY ${qualified(table.id)} (${identList(columns.map((c) => c.name))}) FROM STDIN`])
    })
    const updates = replicaRole ? [] : steps.filter(({ later }) => later.length > 0).map(({ table, later }) => this.#update(table, later))
    return ['set -e -o pipefail', ...copies, ...updates].join('\n')
  }

  /** Columns that were left NULL come by a staging table. */
  #update(table: OwnedTable, later: readonly string[]): string {
    const key = identityColumns(table)
    const columns = [...key, ...table.columns.filter((column) => later.includes(column.name))]
    const names = identList(columns.map((c) => c.name))
    const name = qualified(table.id)
    return pipe(this.#read(table, columns), [
      `CREATE TEMPORARY TABLE later AS SELECT ${names} FROM ${name} WITH NO DATA`,
      `COPY later (${names}) FROM STDIN`,
      `UPDATE ${name} AS t SET ${later.map((n) => `${ident(n)} = l.${ident(n)}`).join(', ')} FROM later AS l WHERE ${key.map((c) => `t.${ident(c.name)} = l.${ident(c.name)}`).join(' AND ')} AND (${later.map((n) => `l.${ident(n)}`).join(', ')}) IS NOT NULL`,
    ])
  }

  #read(table: OwnedTable, columns: readonly PlanColumn[]): string {
    const { from, where } = this.rows(table)
    const list = columns.map((column) => `${projected(table, column, (no) => mapRelation(this.#moveId, no))} AS ${ident(column.name)}`)
    return `COPY (SELECT ${list.join(', ')} FROM ${from} WHERE ${where}) TO STDOUT`
  }
}

/** Both ends stop at their first error. */
function pipe(out: string, into: readonly string[]): string {
  return `"$PSQL" -Xq -v ON_ERROR_STOP=1 -d "$SOURCE" -c ${quoted(out)} | "$PSQL" -Xq -v ON_ERROR_STOP=1 -d "$TARGET" ${into.map((text) => `-c ${quoted(text)}`).join(' ')}`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

export interface Psql {
  readonly path: string
  readonly version: string
}

const DEBIAN = '/usr/lib/postgresql'

/** The program itself: Debian's `psql` on PATH is a wrapper that takes longer to start than a small table takes to move. Null where there is none. */
export async function findPsql(): Promise<Psql | null> {
  const versions = await readdir(DEBIAN).catch(() => [])
  for (const path of [...versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(DEBIAN, version, 'bin', 'psql')), 'psql']) {
    const found = await measure({ command: path, args: ['--version'] }).catch(() => null)
    if (found?.exitCode === 0) return { path, version: found.stdout.trim() }
  }
  return null
}
