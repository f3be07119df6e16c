import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Client } from 'pg'
import { stringify } from 'yaml'
import { loadSettings } from '../src/config/load-settings.js'
import type { Verification } from '../src/domain/documents.js'
import { createApp } from '../src/move/app.js'
import { createLogger } from '../src/observability/logger.js'
import { silent } from '../src/observability/progress.js'
import type { Cluster } from '../src/sandbox/cluster.js'
import { startCluster } from '../src/sandbox/start-cluster.js'
import { PLANTED_ROWS, PLANTED_TENANCY, plantedCell } from '../test/support/planted/rows.js'
import { changeOf, KINDS, PLANTED_VALUES } from '../test/support/planted/values.js'
import { withClient } from './cells.js'

/**
 * What other ways of comparing two cells find of the faults that the verifier's own test plants: each planted alone on the target, looked for,
 * and rolled back. Prints Markdown. `npm run bench:verifiers`
 */

interface Plant {
  readonly name: string
  readonly tables: readonly string[]
  readonly sql: string
  readonly undo: string | null
  readonly harmless: boolean
  /** Whether the mover told it, by key. */
  readonly isTold: (verification: Verification) => boolean
  /** SQL that is true where the two values are equal for PostgreSQL; it fails where the type has no equality, which finds nothing. */
  readonly equality: string | null
}

const TABLES = ['kinds', 'notes', 'subscriptions', 'loose', 'twins', 'pairs_of', 'events', 'handles', 'organizations'] as const
const OWNED = (table: string): string => `FROM planted.${table} AS t WHERE t.${table === 'organizations' ? 'id' : 'organization_id'} = 1`
const PEERS: Readonly<Record<string, (table: string) => string>> = {
  'counts': (table) => `SELECT count(*)::text AS found ${OWNED(table)}`,
  'sum(hashtext(row::text))': (table) => `SELECT sum(hashtext(t::text))::text AS found ${OWNED(table)}`,
  'md5(string_agg(row::text))': (table) => `SELECT md5(string_agg(t::text, '' ORDER BY t::text COLLATE "C")) AS found ${OWNED(table)}`,
}
const EQUALITY = 'IS DISTINCT FROM, column by column'
const MOVER = 'org-mover verify'
const PASS = `SET LOCAL session_replication_role = replica; SELECT set_config('org_mover.pass', (SELECT pass FROM org_mover.guard), true)`
const AT_ONCE = 60

const clusters: Cluster[] = []
const folder = await mkdtemp(join(tmpdir(), 'org-mover-bench-'))
try {
  clusters.push(await startCluster(), await startCluster())
  const [a, b] = clusters
  if (a === undefined || b === undefined) throw new RangeError('two clusters were to be started')
  for (const [cell, cluster] of [['a', a], ['b', b]] as const) {
    await withClient(cluster.url(), (client) => client.query('CREATE DATABASE cell'))
    await withClient(cluster.url('cell'), (client) => client.query(plantedCell(cell)))
  }
  await withClient(a.url(), (client) => client.query('CREATE DATABASE control'))
  await withClient(a.url('cell'), (source) => withClient(b.url('cell'), (target) => compare(a, b, source, target)))
} finally {
  for (const cluster of clusters) await cluster[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
}

async function compare(a: Cluster, b: Cluster, source: Client, target: Client): Promise<void> {
  const plants = [...valuePlants(), ...rowPlants(), await oneHash(source)]
  const file = join(folder, 'org-mover.yaml')
  const url = (cluster: Cluster): unknown => ({ databases: { main: cluster.url('cell') } })
  await writeFile(file, stringify({ cells: { 'cell-a': url(a), 'cell-b': url(b) }, control: a.url('control'), tenancy: PLANTED_TENANCY, copy: { jobs: 2, chunk_rows: 1 }, sequences: 'check' }))
  const { signal } = new AbortController()
  await using app = createApp(await loadSettings(file, {}), { logger: createLogger({ level: 'silent', format: 'json', colour: false, destination: { write: () => undefined } }), signal })
  await app.init()
  const io = { progress: silent, confirm: async () => true, signal }
  const moved = await app.move({ org: '1', to: 'cell-b', from: 'cell-a', pauseBefore: 'verify' }, io)
  if (moved.moveId === null || moved.state !== 'paused') throw new Error(moved.error?.message)
  const id = moved.moveId
  const verify = async (): Promise<Verification> => (await app.verify(id, io)).verification

  const alarms = new Map<string, readonly string[]>([[MOVER, (await verify()).verdict === 'equal' ? [] : ['?']], [EQUALITY, []]])
  const seen = new Map<string, Map<string, string>>()
  for (const [peer, query] of Object.entries(PEERS)) {
    const digests = new Map<string, string>()
    for (const table of TABLES) digests.set(table, await ask(source, query(table)))
    seen.set(peer, digests)
    const different: string[] = []
    for (const table of TABLES) if ((await ask(target, query(table))) !== digests.get(table)) different.push(table)
    alarms.set(peer, different)
  }
  const missed = new Map<string, string[]>([...Object.keys(PEERS), EQUALITY, MOVER].map((peer) => [peer, []]))
  const told = new Map<string, string[]>([...missed.keys()].map((peer) => [peer, []]))
  const note = (peer: string, { name, harmless }: Plant, found: boolean): void => {
    if (found && harmless) told.get(peer)?.push(name)
    if (!found && !harmless) missed.get(peer)?.push(name)
  }
  for (const plant of plants) {
    await target.query(`BEGIN; ${PASS}`)
    await target.query(plant.sql)
    for (const [peer, query] of Object.entries(PEERS)) {
      const usable = plant.tables.filter((table) => alarms.get(peer)?.includes(table) !== true)
      const found = await Promise.all(usable.map(async (table) => (await ask(target, query(table))) !== seen.get(peer)?.get(table)))
      note(peer, plant, found.includes(true))
    }
    await target.query('ROLLBACK')
    if (plant.equality !== null) note(EQUALITY, plant, (await ask(target, `SELECT (${plant.equality})::text AS found`).catch(() => 'true')) !== 'true')
  }
  for (let start = 0; start < plants.length; start += AT_ONCE) {
    const some = plants.slice(start, start + AT_ONCE)
    const changing = async (statements: readonly string[]): Promise<void> => {
      await target.query(`BEGIN; ${PASS}`)
      for (const statement of statements) await target.query(statement)
      await target.query('COMMIT')
    }
    await changing(some.map(({ sql }) => sql))
    const verification = await verify()
    for (const plant of some) note(MOVER, plant, plant.isTold(verification))
    await changing(some.flatMap(({ undo }) => undo ?? []))
  }
  report(plants, { missed, told, alarms })
}

function valuePlants(): readonly Plant[] {
  return PLANTED_VALUES.map((value, n) => ({
    name: value.name,
    tables: ['kinds'],
    sql: changeOf(n + 1, value),
    undo: changeOf(n + 1, { ...value, becomes: value.was }),
    harmless: value.same === true,
    isTold: ({ examples }) => examples.some(({ table, primaryKey }) => table === 'kinds' && primaryKey['id'] === String(n + 1)),
    equality: `(${value.was ?? 'NULL'})::${KINDS[value.column]?.replace(/ COLLATE.*/, '')}${KINDS[value.column]?.match(/ COLLATE.*/)?.[0] ?? ''} IS NOT DISTINCT FROM (${value.becomes ?? 'NULL'})::${KINDS[value.column]?.replace(/ COLLATE.*/, '')}`,
  }))
}

function rowPlants(): readonly Plant[] {
  return PLANTED_ROWS.map(({ name, sql, found }) => ({
    name,
    tables: found.map(({ table }) => table),
    sql,
    undo: null,
    harmless: false,
    isTold: ({ examples }) => found.every((one) => examples.some(({ table, primaryKey, kind }) => table === one.table && kind === one.kind && (one.key === null || JSON.stringify(primaryKey) === JSON.stringify(one.key)))),
    equality: null,
  }))
}

/** Two rows, different in a title, of one 32-bit hash: found in a second among 300,000 titles. */
async function oneHash(source: Client): Promise<Plant> {
  const titles = `WITH hashed AS (SELECT i, hashtext(ROW(120::bigint, 1::bigint, 'title ' || i, 'body', 1, 2)::text) AS hash FROM generate_series(1, 300000) AS i) SELECT min(i) AS was, max(i) AS becomes FROM hashed GROUP BY hash HAVING count(*) > 1 LIMIT 1`
  const { rows: [pair] } = await source.query<{ was: number; becomes: number }>(titles)
  if (pair === undefined) throw new Error('no two titles of one hash')
  await source.query(`UPDATE planted.notes SET title = 'title ${pair.was}' WHERE id = 120`)
  return {
    name: 'a text whose 32-bit hash is the same',
    tables: ['notes'],
    sql: `UPDATE planted.notes SET title = 'title ${pair.becomes}' WHERE id = 120`,
    undo: null,
    harmless: false,
    isTold: ({ examples }) => examples.some(({ table, primaryKey }) => table === 'notes' && primaryKey['id'] === '120'),
    equality: null,
  }
}

async function ask(client: Client, text: string): Promise<string> {
  const { rows } = await client.query<{ found: string | null }>(text)
  return String(rows[0]?.found)
}

interface Report {
  readonly missed: ReadonlyMap<string, readonly string[]>
  readonly told: ReadonlyMap<string, readonly string[]>
  readonly alarms: ReadonlyMap<string, readonly string[]>
}

function report(plants: readonly Plant[], { missed, told, alarms }: Report): void {
  const harmful = plants.filter(({ harmless }) => !harmless)
  const lines = [...missed].map(([peer, names]) => {
    const all = peer === EQUALITY ? harmful.filter(({ equality }) => equality !== null) : harmful
    return `| ${peer} | ${all.length - names.length} of ${all.length} | ${told.get(peer)?.length} of ${plants.length - harmful.length} | ${alarms.get(peer)?.join(', ') || '–'} | ${peer === MOVER || peer === EQUALITY ? 'yes' : 'no'} |`
  })
  process.stdout.write(`| | faults found | equal values reported | tables different without a fault | names row and column |\n| --- | ---: | ---: | --- | --- |\n${lines.join('\n')}\n\n`)
  for (const [peer, names] of missed) if (names.length > 0) process.stdout.write(`- Missed by ${peer}: ${names.length > 60 ? 'all but a row lost or added' : names.join('; ')}.\n`)
}
