import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { App } from '../../src/cli/app.js'
import { loadSettings } from '../../src/config/load-settings.js'
import { createApp } from '../../src/move/app.js'
import { MoverError } from '../../src/domain/errors.js'
import type { MoveDocument } from '../../src/domain/documents.js'
import { createLogger } from '../../src/observability/logger.js'
import { AsyncDisposableStack } from '../../src/postgres/disposable-stack.js'
import type { CellsInProcess } from '../support/cells-in-process.js'
import { clusterUrl } from '../support/clusters.js'
import { pastTheFence } from '../support/past-the-fence.js'
import { keyOf, keyring, mainOf, opened, SECRET_TABLES, secretCells } from '../support/secret-cells.js'
import type { Cell } from '../support/secret-cells.js'
import { WireProxy } from '../support/wire-proxy.js'

/** Tables whose secrets can travel sealed: with a key, and not shared. */
const TABLES = { ...SECRET_TABLES, 'public.people': { exempt: 'shared', differ_by: ['otp'] }, 'public.loose': {} }

/** Three processes: one carries the rows and has no key, one has the keys of the source, one those of the target. */
interface Hands extends AsyncDisposable {
  readonly cells: CellsInProcess
  readonly mover: App
  readonly sealer: App
  readonly opener: App
  readonly privateKey: string
}

async function hands(source = '', through: (holder: Cell | null, cell: Cell, url: string) => string = (_, __, url) => url): Promise<Hands> {
  const folder = await mkdtemp(join(tmpdir(), 'org-mover-staged-'))
  const cells = await secretCells({ tables: TABLES, source })
  const logger = createLogger({ level: 'silent', format: 'json', colour: false, destination: { write: () => undefined } })
  const signal = new AbortController().signal
  const privateKey = join(folder, 'cell-b.key')
  const made = await cells.app.secretsKeygen(privateKey)
  const transport = /"([^"]+)"/.exec(made.done.join('\n'))?.[1]
  const appWith = async (name: string, holder: Cell | null): Promise<App> => {
    const keys = join(folder, `${name}-keys.yaml`)
    if (holder !== null) await writeFile(keys, stringify(keyring(holder)), { mode: 0o600 })
    const cellOf = (cell: Cell): unknown => ({ databases: { main: through(holder, cell, mainOf(cells, cell).url) }, ...(holder === cell ? { keyring: keys } : {}), ...(cell === 'b' ? { transport_key: transport } : {}) })
    const file = join(folder, `${name}.yaml`)
    await writeFile(file, stringify({ cells: { 'cell-a': cellOf('a'), 'cell-b': cellOf('b') }, control: cells.control.url, retention: 0, secrets: { mode: 'staged' }, tenancy: { tables: TABLES } }))
    return createApp(await loadSettings(file, {}), { logger, signal })
  }
  const [mover, sealer, opener] = [await appWith('mover', null), await appWith('sealer', 'a'), await appWith('opener', 'b')]
  return {
    cells,
    mover,
    sealer,
    opener,
    privateKey,
    async [Symbol.asyncDispose]() {
      await Promise.all([mover, sealer, opener].map((app) => app[Symbol.asyncDispose]()))
      await cells[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function tokens(cells: CellsInProcess, cell: Cell): Promise<readonly string[]> {
  const rows = await mainOf(cells, cell).query<{ id: string; token: Buffer; note: string | null }>('SELECT id, token, note FROM tokens WHERE organization_id = 1 ORDER BY id::bigint')
  const read = (bytes: Buffer): string => opened(bytes, keyOf(cell)) ?? opened(bytes, keyOf(cell, 'k0')) ?? `?${bytes.toString()}`
  return rows.map((row) => `${row.id} ${read(row.token)} ${row.note === null ? 'NULL' : read(Buffer.from(row.note, 'base64')).replace(/^\?.*/, row.note)}`)
}

describe('secrets that travel sealed: the mover holds no key (P8)', () => {
  let all: Hands
  let moveId: string

  beforeAll(async () => {
    all = await hands()
  })
  afterAll(async () => all[Symbol.asyncDispose]())

  test('the private key is readable by its owner alone, and is not made twice', async () => {
    expect((await stat(all.privateKey)).mode & 0o777).toBe(0o600)
    const before = await readFile(all.privateKey, 'utf8')
    await expect(all.cells.app.secretsKeygen(all.privateKey)).rejects.toMatchObject({ code: 'OM1001' })
    expect(await readFile(all.privateKey, 'utf8')).toBe(before)
  })

  test('the move rests until the secrets are sealed, and again until they are opened', async () => {
    const { cells, mover, sealer } = all
    const paused = await mover.move({ org: '1', to: 'cell-b' }, cells.io)
    expect([paused.error, paused.state, paused.phase, paused.next]).toEqual([null, 'paused', 'copy', `org-mover secrets seal ${paused.moveId}`])
    moveId = paused.moveId ?? ''
    await expect(all.opener.secretsOpen(moveId, all.privateKey, cells.io)).rejects.toMatchObject({ code: 'OM2006', message: expect.stringContaining('its copy has not ended') })
    const sealed = await sealer.secretsSeal(moveId, cells.io)
    expect([sealed.error, sealed.next]).toEqual([null, `org-mover resume ${moveId}`])
    const { rows } = { rows: await mainOf(cells, 'a').query<{ sealed: Buffer }>(`SELECT sealed FROM org_mover."sealed_${moveId.replaceAll('-', '')}_1"`) }
    expect(rows.length).toBeGreaterThan(50)
    expect(rows.filter(({ sealed: parcel }) => /token|note|password|auth/.test(parcel.toString('latin1')))).toEqual([])
    const copied = await mover.resume(moveId, cells.io)
    expect([copied.error, copied.state, copied.phase, copied.next]).toEqual([null, 'paused', 'verify', `org-mover secrets open ${moveId} --private-key FILE`])
    // whoever goes on without them is told that it cannot be verified
    const verified = await mover.verify(moveId, cells.io)
    expect([verified.error?.code, verified.verification.verdict]).toEqual(['OM4002', 'incomplete'])
  })

  test('a parcel that was put into another row, or changed, is refused', async () => {
    const { cells, opener, privateKey } = all
    const b = mainOf(cells, 'b')
    const relation = `org_mover."sealed_${moveId.replaceAll('-', '')}_1"`
    const [one] = await b.query<{ key: string[]; sealed: Buffer }>(`SELECT key, sealed FROM ${relation} WHERE column_name = 'token' ORDER BY key LIMIT 1`)
    for (const change of [`sealed = (SELECT sealed FROM ${relation} WHERE column_name = 'token' ORDER BY key DESC LIMIT 1)`, `sealed = (SELECT s.sealed FROM ${relation} AS s WHERE s.column_name = 'note' AND s.key = $1)`, 'sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)', 'sealed = substr(sealed, 1, length(sealed) - 1)']) {
      await b.query(`UPDATE ${relation} SET ${change} WHERE column_name = 'token' AND key = $1`, [one?.key])
      const refused = await opener.secretsOpen(moveId, privateKey, cells.io)
      expect([refused.error?.code, refused.error?.message], change).toEqual(['OM2127', expect.stringContaining('made for another row, or changed on the way')])
      await b.query(`UPDATE ${relation} SET sealed = $2 WHERE column_name = 'token' AND key = $1`, [one?.key, one?.sealed])
    }
  })

  test('opened, every secret reads on the target by its key alone, and the move goes on', async () => {
    const { cells, mover, opener, privateKey } = all
    const before = await tokens(cells, 'a')
    const done = await opener.secretsOpen(moveId, privateKey, cells.io)
    expect([done.error, done.next]).toEqual([null, `org-mover resume ${moveId}`])
    expect((await tokens(cells, 'b')).map((line) => line.replace('?', ''))).toEqual(before.map((line) => line.replace('?', '')))
    // what somebody writes after that is seen, without a key
    const change = async (note: string): Promise<unknown> => pastTheFence(mainOf(cells, 'b'), () => mainOf(cells, 'b').query('UPDATE tokens SET note = $1 WHERE id = 3', [note]))
    const [{ note } = { note: '' }] = await mainOf(cells, 'b').query<{ note: string }>('SELECT note FROM tokens WHERE id = 3')
    await change('another')
    const different = await mover.verify(moveId, cells.io)
    expect([different.error?.code, different.verification.examples]).toEqual(['OM4001', expect.arrayContaining([{ schema: 'public', table: 'tokens', primaryKey: { id: '3' }, kind: 'mismatching', columns: ['note'] }])])
    await change(note)
    const moved = await mover.resume(moveId, cells.io)
    expect([moved.error, moved.state, moved.verification.verdict]).toEqual([null, 'cut_over', 'equal'])
    expect(moved.secrets.filter(({ column }) => column === 'token').map(({ side, values }) => [side, values])).toEqual([['source', expect.any(Number)], ['target', expect.any(Number)]])
    const purged = await mover.purge(moveId, {}, cells.io)
    expect([purged.error, purged.state]).toEqual([null, 'completed'])
    expect(await mainOf(cells, 'a').query(`SELECT FROM pg_namespace WHERE nspname = 'org_mover'`)).toEqual([])
    expect(await mainOf(cells, 'b').query(`SELECT FROM pg_namespace WHERE nspname = 'org_mover'`)).toEqual([])
  })
})

test('secrets that cannot be opened are named when they are sealed, and nothing is sealed', async () => {
  await using all = await hands(`UPDATE tokens SET token = '\\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff' WHERE id = 2`)
  const paused = await all.mover.move({ org: '1', to: 'cell-b' }, all.cells.io)
  const sealed = await all.sealer.secretsSeal(paused.moveId ?? '', all.cells.io)
  expect([sealed.error?.code, sealed.error?.message]).toEqual(['OM2127', expect.stringContaining('public.tokens 2 token')])
  const stuck = await all.mover.resume(paused.moveId ?? '', all.cells.io)
  expect([stuck.state, stuck.next]).toEqual(['paused', `org-mover secrets seal ${paused.moveId}`])
  const aborted = await all.mover.abort(paused.moveId ?? '', all.cells.io)
  expect([aborted.error, aborted.state]).toEqual([null, 'aborted'])
  expect(await mainOf(all.cells, 'a').query(`SELECT FROM pg_namespace WHERE nspname = 'org_mover'`)).toEqual([])
})

test('OM2129: a move that was copied inline has nothing to open when the mode is changed to staged; changed back, it goes on', async () => {
  await using all = await hands()
  const { cells, mover, opener, privateKey } = all
  const paused = await cells.app.move({ org: '1', to: 'cell-b', pauseBefore: 'verify' }, cells.io)
  expect([paused.error, paused.state]).toEqual([null, 'paused'])
  const moveId = paused.moveId ?? ''
  expect((await mover.resume(moveId, cells.io)).next).toBe(`org-mover secrets open ${moveId} --private-key FILE`)
  const refused = await opener.secretsOpen(moveId, privateKey, cells.io)
  expect(refused.error).toMatchObject({ code: 'OM2129', message: expect.stringContaining('secrets.mode inline'), hint: expect.stringContaining('back to inline') })
  const moved = await cells.app.resume(moveId, cells.io)
  expect([moved.error, moved.state, moved.verification.verdict]).toEqual([null, 'cut_over', 'equal'])
})

test('P5: sealing and opening, whose connection is lost anywhere, are run again, and every secret reads on the target', async () => {
  await using proxies = new AsyncDisposableStack()
  const [a, b] = [proxies.use(await WireProxy.start(clusterUrl('a'))), proxies.use(await WireProxy.start(clusterUrl('b')))]
  const proxy = { a, b }
  await using all = await hands('', (holder, cell, url) => (holder === cell ? proxy[cell].through(url) : url))
  const { cells, mover, sealer, opener, privateKey } = all
  const moveId = (await mover.move({ org: '1', to: 'cell-b' }, cells.io)).moveId ?? ''
  const tally: string[] = []
  /** At each of some statements, in turns of what happens; at the last it is left alone. */
  const disturbed = async (of: WireProxy, work: () => Promise<MoveDocument>): Promise<void> => {
    for (let n = 1, turn = 0; ; n += 5, turn += 1) {
      of.reset({ kind: (['before', 'after', 'cancel'] as const)[turn % 3] ?? 'before', hits: (statement) => statement.n === n })
      const ended = await work().then(({ error }) => error?.code ?? null, (error: unknown) => (error instanceof MoverError ? error.code : 'unknown'))
      await cells.control.query('UPDATE org_mover.move SET lease_until = clock_timestamp() WHERE lease_holder IS NOT NULL')
      tally.push(`${n} ${ended}`)
      // an answer that is lost may be the last that mattered
      if (ended === null && of.hit === null) return
    }
  }
  await disturbed(a, () => sealer.secretsSeal(moveId, cells.io))
  const before = await tokens(cells, 'a')
  expect((await mover.resume(moveId, cells.io)).next).toBe(`org-mover secrets open ${moveId} --private-key FILE`)
  await disturbed(b, () => opener.secretsOpen(moveId, privateKey, cells.io))
  expect((await tokens(cells, 'b')).map((line) => line.replace('?', ''))).toEqual(before.map((line) => line.replace('?', '')))
  const moved = await mover.resume(moveId, cells.io)
  expect([moved.error, moved.state, moved.verification.verdict]).toEqual([null, 'cut_over', 'equal'])
  expect(tally.length).toBeGreaterThan(8)
  process.stderr.write(`sealing and opening, disturbed: ${tally.join(', ')}\n`)
})
