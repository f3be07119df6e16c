import { expect, test } from 'vitest'
import { startCli } from '../support/cli-process.js'
import { proxiedCells } from '../support/fault-trial.js'
import { ORG, smallCells } from '../support/small-cells.js'
import { until } from '../support/until.js'

const ARGS = ['--yes', '--json', '--no-progress']

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGKILL', null],
] as const)('P5: a move that waits in a throttle and gets %s ends at once, seems to wait no more, and goes on when it is resumed', async (signal, code) => {
  await using cells = await smallCells({ config: { copy: { jobs: 2, chunk_rows: 2 }, throttle: { probes: [{ sql: 'SELECT count(*) FROM public.queue' }] } } })
  const { target } = cells.databases
  await target.query('CREATE TABLE queue (id int); INSERT INTO queue VALUES (1)')
  await using mover = startCli(['move', '--org', ORG, '--to', 'cell-b', '--config', cells.configFile, ...ARGS])
  const status = async () => (await cells.run(async (app) => app.status((await cells.moveId()) ?? ''))).document
  await until('the move waits for the probe', async () => {
    if (!mover.isRunning()) throw new Error(`it ended: ${(await mover.result).stdout}`)
    return (await cells.moveId()) !== null && (await status())?.throttle?.waitsFor === 'probe 1, which reads 1'
  })
  mover.kill(signal)
  expect((await mover.result).code).toBe(code)
  if (code === null) await cells.endLease()
  expect(await status()).toMatchObject({ phase: 'copy', throttle: { waitsFor: null } })
  await target.query('DELETE FROM queue')
  const resumed = await cells.run(async (app, io) => app.resume((await cells.moveId()) ?? '', io))
  expect([resumed.exit, resumed.document?.state, resumed.document?.verification.verdict], resumed.message).toEqual([0, 'cut_over', 'equal'])
})

/** Commands beside a move that rests, what each must have done once it is run again, and nothing else. */
const BESIDE: readonly (readonly [name: string, args: (id: string) => readonly string[]])[] = [
  ['throttle', (id) => ['throttle', id, '--pause']],
  ['report', (id) => ['report', id, '--format', 'json']],
  ['route get', () => ['route', 'get', '--org', ORG]],
]

test.each(BESIDE)('P5: %s, killed at any statement of it, is run again, and the move goes on as if nothing had been', async (name, args) => {
  await using set = await proxiedCells()
  const { cells, proxies } = set
  const paused = await cells.run((app, io) => app.move({ org: ORG, to: 'cell-b', pauseBefore: 'verify' }, io))
  expect(paused.document?.state, paused.message).toBe('paused')
  const id = (await cells.moveId()) ?? ''
  const row = async () => cells.databases.control.query(`SELECT to_jsonb(m) - 'throttle' - 'throttle_orders' - 'updated_at' AS move FROM org_mover.move AS m`)
  const before = await row()
  /** Yields how it ended; null where it had ended before the n-th statement. */
  const run = async (n: number | null, kind: 'before' | 'after'): Promise<number | null | undefined> => {
    await using child = startCli([...args(id), '--config', cells.configFile, '--json', '--no-progress'])
    proxies.control.reset(n === null ? null : { kind, meanwhile: () => child.kill('SIGKILL'), hits: (statement) => statement.n === n })
    const { code } = await child.result
    return n !== null && proxies.control.hit === null ? undefined : code
  }
  /** A connection has as long as a frozen one is waited for: on a machine with other work one may fail for that. */
  const undisturbed = async (left = 5): Promise<unknown> => {
    const code = await run(null, 'before')
    return code === 5 && left > 0 ? undisturbed(left - 1) : code
  }
  expect(await undisturbed()).toBe(0)
  const count = proxies.control.statements
  for (const kind of ['before', 'after'] as const) for (const n of [1, Math.ceil(count / 2), count - 1, count]) expect([name, kind, n, await run(n, kind)]).toEqual([name, kind, n, null])
  expect(await undisturbed()).toBe(0)
  expect(await row()).toEqual(before)
  if (name === 'throttle') {
    const { document } = await cells.run((app) => app.throttle(id, { paused: false }))
    expect(document).toMatchObject({ throttle: { paused: false } })
  }
  const resumed = await cells.run((app, io) => app.resume(id, io))
  expect([resumed.exit, resumed.document?.state], resumed.message).toEqual([0, 'cut_over'])
})
