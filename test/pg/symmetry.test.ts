import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { parse, stringify } from 'yaml'
import { describe, expect, test } from 'vitest'
import { createKeySet, fillKeySets } from '../../src/dataplane/key-set-tables.js'
import { withOrg } from '../../src/dataplane/org-parameter.js'
import { ownedRows, tableItself } from '../../src/dataplane/owned-rows.js'
import { buildPlan } from '../../src/domain/build-plan.js'
import type { OwnedTable } from '../../src/domain/move-plan.js'
import { classifyCell, discoverCell } from '../../src/move/discover.js'
import { writeDictionary } from '../../src/move/write-dictionary.js'
import { ident, literal } from '../../src/postgres/quote.js'
import type { Session } from '../../src/postgres/session.js'
import { demoCellSql } from '../../src/sandbox/seed-demo-cell.js'
import { cellsInProcess } from '../support/cells-in-process.js'
import type { CellsInProcess, CellsOptions } from '../support/cells-in-process.js'
import { configured, openRead } from '../support/discovered-cell.js'
import { generateCase } from '../support/generated-cell/generate-case.js'
import { caseSpecs } from '../support/generated-cell/spec.js'

const CASES = Number(process.env['ORG_MOVER_TEST_RUNS'] ?? 3)
const DEMO = new URL('../../schema/demo/', import.meta.url)

interface Cell extends Omit<CellsOptions, 'orgs'> {
  readonly org: string
}

/** The demo's cells, with its own dictionary, and some that were generated: one database each, so that every predicate can be run in it. */
async function cellsToLookAt(): Promise<readonly (readonly [string, Cell])[]> {
  const demo: { tenancy: Record<string, unknown> } = parse(await readFile(new URL('org-mover.yaml', DEMO), 'utf8'))
  const setUp = { a: await demoCellSql({ cell: 1, organizations: 4, bigOrgRows: 0, variant: 'standard' }), b: await demoCellSql({ cell: 2, organizations: 4, bigOrgRows: 0, variant: 'column-order' }) }
  const keyring = { keys: { app: { current: 'k1', versions: { k1: Buffer.alloc(32, 7).toString('base64') } } } }
  const config = { tenancy: { ...demo.tenancy, dictionary: fileURLToPath(new URL('dictionary', DEMO)) }, copy: { jobs: 2, chunk_rows: 7 } }
  const generated = fc.sample(caseSpecs, { numRuns: CASES, seed: 7 }).map((spec, n): readonly [string, Cell] => [`generated schema ${n + 1}`, generateCase({ ...spec, twoDatabases: false })])
  return [['the demo', { databases: ['main'], org: '1', setUp: (cell) => setUp[cell], config, keyrings: { a: keyring, b: keyring } }], ...generated]
}

const cases = await cellsToLookAt()

describe.each(cases)('%s', (_, cell) => {
  test('P1, P9: what is discovered, read, written, verified and purged is one set of rows, table by table', { timeout: 120_000 }, async () => {
    await using cells = await cellsInProcess({ ...cell, orgs: [cell.org] })
    const { app, io } = cells
    const { tables, discovered, read } = await ofSource(cells, cell.org)
    const before = { a: await keysIn(cells, 'a', tables), b: await keysIn(cells, 'b', tables) }
    const paused = await app.move({ org: cell.org, to: 'cell-b', pauseBefore: 'cutover' }, io)
    expect([paused.error, paused.verification.verdict]).toEqual([null, 'equal'])
    const verified = await inLedger(cells, tables)
    const moved = await app.resume(paused.moveId ?? '', io)
    expect(moved.error).toBeNull()
    const written = less(await keysIn(cells, 'b', tables), before.b)
    const purged = await app.purge(paused.moveId ?? '', {}, io)
    expect(purged.error).toBeNull()
    const gone = less(before.a, await keysIn(cells, 'a', tables))
    let rows = 0
    for (const table of tables) {
      const name = `${table.id.schema}.${table.id.name}`
      const set = read.get(table.no) ?? []
      rows += set.length
      expect(discovered.get(table.no) ?? set, `${name}: discovered`).toEqual(set)
      expect(gone.get(table.no), `${name}: purged`).toEqual(set)
      expect(written.get(table.no), `${name}: written`).toEqual(set)
      if (table.identity !== null) expect(verified.get(table.no) ?? [], `${name}: verified`).toEqual(set)
    }
    expect(rows).toBeGreaterThan(0)
  })

  test('P4: the dictionary that is written classifies the cell alone as it was', { timeout: 60_000 }, async () => {
    await using cells = await cellsInProcess({ ...cell, orgs: [cell.org] })
    const main = cells.databases.a.get('main')
    const directory = await mkdtemp(join(tmpdir(), 'org-mover-written-'))
    try {
      const urls = { 'cell-a': { main: main?.url ?? '' } }
      await using first = await configured(urls, cells.control.url, stringify(cell.config))
      const settings = await first.load()
      const document = await writeDictionary({ settings, cell: 'cell-a', open: openRead(settings), directory })
      const { root, root_key, schemas, unowned }: Record<string, unknown> = Object(cell.config['tenancy'])
      await using alone = await configured(urls, cells.control.url, stringify({ tenancy: { root, root_key, schemas, unowned, sharding_key: 'no column has this name', dictionary: directory } }))
      const loaded = await alone.load()
      expect(loaded.tenancy.problems).toEqual([])
      const again = await discoverCell({ settings: loaded, cell: 'cell-a', open: openRead(loaded) })
      // what the format cannot say is told, not lost in silence
      const unwritten = new Set(document.findings.filter(({ message }) => message.startsWith('no file was written')).map(({ schema, table }) => `${schema}.${table}`))
      const rules = ({ tables }: typeof again) => tables.filter(({ schema, table }) => !unwritten.has(`${schema}.${table}`)).map(({ origin: _origin, ...rest }) => rest)
      expect(unwritten.size).toBeLessThan(document.tables.length / 4)
      expect(rules(again)).toEqual(rules(document))
      const [one, other] = [await declaredIn(settings), await declaredIn(loaded)]
      for (const [name, declared] of one) if (!unwritten.has(name)) expect(other.get(name), name).toEqual(declared)
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })
})

async function declaredIn(settings: Awaited<ReturnType<Awaited<ReturnType<typeof configured>>['load']>>): Promise<ReadonlyMap<string, unknown>> {
  const { units } = await classifyCell({ settings, cell: 'cell-a', open: openRead(settings) })
  return new Map(units.map(({ id, declared: { place: _place, ...declared } }) => [`${id.schema}.${id.name}`, declared]))
}

type Keys = ReadonlyMap<number, readonly string[]>

/** Rows by their key; by their number where nothing tells them apart. */
function keyOf(table: OwnedTable): string {
  return table.identity === null ? `'row'` : `concat_ws('|', ${table.identity.map((name) => `t.${ident(name)}::text`).join(', ')})`
}

async function ofSource(cells: CellsInProcess, org: string): Promise<{ readonly tables: readonly OwnedTable[]; readonly discovered: Keys; readonly read: Keys }> {
  const { settings } = cells
  const input = { settings, cell: 'cell-a', open: openRead(settings) }
  const { catalogs, units } = await classifyCell(input)
  const plan = buildPlan({ org, source: 'cell-a', target: 'cell-b', catalogs, units })
  const document = await discoverCell(input)
  await using session = await openRead(settings)('cell-a', 'main')
  const scope = { org, keySets: plan.keySets, relation: (set: { readonly no: number }) => `pg_temp.${ident(`keys_${set.no}`)}` }
  for (const set of plan.keySets) await createKeySet(session, set, { owned: plan.owned, scope, temporary: true })
  await fillKeySets({ owned: plan.owned, scope, temporary: true }, () => session)
  const [discovered, read] = [new Map<number, readonly string[]>(), new Map<number, readonly string[]>()]
  for (const table of plan.owned) {
    const found = document.tables.find(({ schema, table: name }) => schema === table.id.schema && name === table.id.name)
    if (found?.predicate != null) discovered.set(table.no, await keys(session, table, { from: tableItself(table), where: spokenOf(found.predicate, org) }))
    read.set(table.no, await keys(session, table, ownedRows(table, scope)))
  }
  return { tables: plan.owned, discovered, read }
}

/** Names may hold the token, too. */
function spokenOf(predicate: string, org: string): string {
  const declared = withOrg(predicate, literal(org))
  return declared.ok ? declared.sql : 'false'
}

async function keys(session: Session, table: OwnedTable, { from, where }: { readonly from: string; readonly where: string }): Promise<readonly string[]> {
  return (await session.rows<{ key: string }>(`SELECT ${keyOf(table)} AS key FROM ${from} WHERE ${where}`)).map(({ key }) => key).sort()
}

async function keysIn(cells: CellsInProcess, side: 'a' | 'b', tables: readonly OwnedTable[]): Promise<Keys> {
  await using session = await openRead(cells.settings)(`cell-${side}`, 'main')
  const found = new Map<number, readonly string[]>()
  for (const table of tables) found.set(table.no, await keys(session, table, { from: tableItself(table), where: 'true' }))
  return found
}

/** The keys that verification went by. */
async function inLedger(cells: CellsInProcess, tables: readonly OwnedTable[]): Promise<Keys> {
  const rows = await cells.databases.b.get('main')?.query<{ table_no: number; keys: string[][] }>('SELECT table_no, array_agg(to_json(keys) ORDER BY column_no) AS keys FROM org_mover.ledger_keys GROUP BY table_no, chunk_no')
  const found = new Map<number, string[]>(tables.map((table) => [table.no, []]))
  for (const { table_no: no, keys: columns } of rows ?? []) found.get(no)?.push(...(columns[0] ?? []).map((_, n) => columns.map((column) => column[n]).join('|')))
  return new Map([...found].map(([no, list]) => [no, list.sort()]))
}

function less(all: Keys, some: Keys): Keys {
  return new Map([...all].map(([no, list]) => {
    const left = [...(some.get(no) ?? [])]
    return [no, list.filter((key) => {
      const at = left.indexOf(key)
      if (at >= 0) left.splice(at, 1)
      return at < 0
    })]
  }))
}
