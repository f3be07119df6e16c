import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadSettings } from '../../src/config/load-settings.js'
import type { Settings } from '../../src/config/settings.js'
import { createKeySet, fillKeySets } from '../../src/dataplane/key-set-tables.js'
import { ownedRows } from '../../src/dataplane/owned-rows.js'
import { buildPlan } from '../../src/domain/build-plan.js'
import type { DiscoverDocument } from '../../src/domain/documents.js'
import { ident, qualified } from '../../src/postgres/quote.js'
import { Session } from '../../src/postgres/session.js'
import { classifyCell } from '../../src/move/discover.js'
import type { DiscoverInput } from '../../src/move/discover.js'

/** Sessions as the commands open them for checks. */
export const openRead: (settings: Settings) => DiscoverInput['open'] = (settings) => async (cell, database) =>
  Session.open({ url: settings.cells.get(cell)?.databases.get(database)?.url ?? '', role: 'read', label: `${cell}/${database}`, applicationName: 'org-mover', lockTimeoutMs: 3000, statementTimeoutMs: 60_000 })

/** A directory with a configuration of these databases, by cell and name, and of this YAML. Dispose it. */
export async function configured(cells: Readonly<Record<string, Readonly<Record<string, string>>>>, control: string, yaml: string): Promise<AsyncDisposable & { readonly directory: string; load(): Promise<Settings>; write(name: string, text: string): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), 'org-mover-discover-'))
  const file = join(directory, 'org-mover.yaml')
  const databases = Object.fromEntries(Object.entries(cells).map(([name, urls]) => [name, { databases: urls }]))
  await writeFile(file, `cells: ${JSON.stringify(databases)}\ncontrol: ${JSON.stringify(control)}\n${yaml}`)
  return {
    directory,
    load: () => loadSettings(file, {}),
    write: (name, text) => writeFile(join(directory, name), text),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  }
}

/** Rows as text, in order. */
async function rowsOf(session: Session, from: string, where: string): Promise<readonly string[]> {
  const rows = await session.rows<{ row: string }>(`SELECT t::text AS row FROM ${from} WHERE ${where} ORDER BY t::text`)
  return rows.map(({ row }) => row)
}

/** What the documents' predicates select, by `schema.table`; tables without a predicate are left out. */
export async function selected(session: Session, { tables }: Pick<DiscoverDocument, 'tables'>, org: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, readonly string[]>()
  for (const { schema, table, predicate } of tables) {
    if (predicate === null) continue
    const { kind } = await session.one<{ kind: string }>('SELECT relkind AS kind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE nspname = $1 AND relname = $2', [schema, table])
    found.set(`${schema}.${table}`, await rowsOf(session, `${kind === 'p' ? '' : 'ONLY '}${qualified({ schema, name: table })} AS t`, predicate.replaceAll(/:org\b/g, `'${org}'`)))
  }
  return found
}

/** What a move of the organization would take, by `schema.table`: the data plane's own SQL over key sets. */
export async function ownedByPlan(session: Session, input: DiscoverInput, org: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const { catalogs, units } = await classifyCell(input)
  const plan = buildPlan({ org, source: input.cell, target: 'elsewhere', catalogs, units })
  const scope = { org, keySets: plan.keySets, relation: (set: { readonly no: number }) => `pg_temp.${ident(`keys_${set.no}`)}` }
  const context = { owned: plan.owned, scope, temporary: true }
  for (const set of plan.keySets) await createKeySet(session, set, context)
  await fillKeySets(context, () => session)
  const found = new Map<string, readonly string[]>()
  for (const table of plan.owned) {
    const { from, where } = ownedRows(table, scope)
    found.set(`${table.id.schema}.${table.id.name}`, await rowsOf(session, from, where))
  }
  return found
}
