import type { PlanDocument } from '../../src/domain/documents.js'
import type { Finding } from '../../src/domain/finding.js'
import { cellsInProcess } from './cells-in-process.js'
import type { CellsOptions } from './cells-in-process.js'
import type { TestDatabase } from './database.js'
import { listObjects } from './list-objects.js'

/** Organizations 1 and 2 on the source, 9 on the target; projects told by column, issues by parent. */
const BASE = `
  CREATE TABLE organizations (id bigint PRIMARY KEY, name text);
  CREATE TABLE projects (id bigint PRIMARY KEY, organization_id bigint REFERENCES organizations);
  CREATE TABLE issues (id bigint PRIMARY KEY, project_id bigint NOT NULL REFERENCES projects, title text, created_by bigint);
`
const ROWS = {
  a: `INSERT INTO organizations VALUES (1, 'one'), (2, 'two'); INSERT INTO projects VALUES (11, 1), (12, 1), (21, 2); INSERT INTO issues VALUES (111, 11, 'a'), (112, 11, 'b'), (121, 12, 'c'), (211, 21, 'd');`,
  b: `INSERT INTO organizations VALUES (9, 'nine'); INSERT INTO projects VALUES (91, 9); INSERT INTO issues VALUES (911, 91, 'z');`,
} as const

export interface FoundOptions {
  /** Statements for both cells, after the base and its rows. */
  readonly both?: string
  readonly source?: string
  readonly target?: string
  readonly tenancy?: Readonly<Record<string, unknown>>
  readonly config?: Readonly<Record<string, unknown>>
  readonly role?: string
  readonly keyrings?: CellsOptions['keyrings']
  /** What cannot stand among statements of one transaction. */
  readonly before?: (databases: Readonly<Record<'a' | 'b', TestDatabase>>) => Promise<void>
  /** While `plan` runs. */
  readonly meanwhile?: (databases: Readonly<Record<'a' | 'b', TestDatabase>>) => Promise<void>
}

export interface Found {
  readonly plan: PlanDocument
  /** `CODE severity cell table count`, of all findings. */
  readonly lines: readonly string[]
  of(code: string): Finding
  /** What was different on either cell afterwards: nothing. */
  readonly changes: readonly string[]
}

/** What `plan` and then `move` find in a small schema with one thing wrong; a `move` is only tried where an error stops it. */
export async function found(options: FoundOptions): Promise<Found> {
  await using cells = await cellsInProcess({
    databases: ['main'],
    orgs: ['1'],
    setUp: (cell) => [BASE, ROWS[cell], options.both ?? '', (cell === 'a' ? options.source : options.target) ?? ''].join(';\n'),
    config: { tenancy: options.tenancy ?? {}, lock_timeout: '500ms', ...options.config },
    ...(options.role === undefined ? {} : { role: options.role }),
    ...(options.keyrings === undefined ? {} : { keyrings: options.keyrings }),
  })
  const [a, b] = [cells.databases.a.get('main'), cells.databases.b.get('main')]
  if (a === undefined || b === undefined) throw new RangeError('no main database')
  await options.before?.({ a, b })
  const before = [await pictureOf(a), await pictureOf(b)]
  const planning = cells.app.plan({ org: '1', to: 'cell-b' })
  await Promise.all([planning, options.meanwhile?.({ a, b })])
  const plan = await planning
  if (plan.blocking && options.meanwhile === undefined) {
    const moved = await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
    if (moved.state !== 'aborted' || moved.error === null) throw new Error(`a move with errors ended ${moved.state}`)
  }
  const after = [await pictureOf(a), await pictureOf(b)]
  return {
    plan,
    lines: plan.findings.map((one) => `${one.code} ${one.severity} ${one.cell ?? '-'} ${one.table ?? '-'} ${one.count ?? '-'}`),
    of(code) {
      const one = plan.findings.find((candidate) => candidate.code === code)
      if (one === undefined) throw new Error(`no ${code} among ${plan.findings.map((f) => `${f.code}: ${f.message}`).join('\n')}`)
      return one
    },
    changes: before.flatMap((lines, n) => [...lines.filter((line) => !after[n]?.includes(line)), ...(after[n] ?? []).filter((line) => !lines.includes(line))]),
  }
}

/** Every object and every row. */
async function pictureOf(database: TestDatabase): Promise<readonly string[]> {
  const client = await database.connect()
  const objects = await listObjects(client)
  await client.end()
  const tables = await database.query<{ name: string }>(`SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`)
  const digest = (name: string): string => `(SELECT '${name.replaceAll("'", "''")}: ' || count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0) FROM ${name} AS t)`
  const [rows] = await database.query<{ digests: string[] }>(`SELECT ARRAY[${tables.map(({ name }) => digest(name)).join(', ')}] AS digests`)
  return [...objects, ...(rows?.digests ?? [])]
}
