import { access, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { MoveIo } from '../../../src/cli/app.js'
import { STARTER_CONFIG } from '../../../src/config/starter.js'
import type { ErrorCode } from '../../../src/domain/error-catalogue.js'
import { ERROR_CATALOGUE } from '../../../src/domain/error-catalogue.js'
import { MoverError } from '../../../src/domain/errors.js'
import { finding } from '../../../src/domain/finding.js'
import { allNodes, commandTree } from '../../../src/cli/command-tree.js'
import { createProgram } from '../../../src/cli/program.js'
import { Usage } from '../../../src/cli/usage.js'
import { CHECK, LIST, MOVE, PLAN, runArgv, runCli } from './support.js'

const ID = '0197f3a2'
const ERROR_FINDING = finding('OM2101', 'error', { cell: 'cell-a', database: 'main', schema: 'public', table: 'notes' }, { message: 'nobody owns it', hint: 'declare it' }, { count: 3, examples: [{ id: '1' }] })
const WARNING = { ...ERROR_FINDING, severity: 'warning' } as const

function leafCommands(): readonly string[] {
  const program = commandTree(createProgram({ usage: new Usage(), print: () => undefined, run: () => undefined }))
  return allNodes(program).filter(({ path, subcommands }) => path.length > 0 && path.at(-1) !== 'help' && subcommands.length === 0).map(({ path }) => path.join(' '))
}

function failure(code: ErrorCode): MoverError {
  return new MoverError({ code, message: 'it failed', hint: 'do this', retry: 'safe', findings: [ERROR_FINDING] })
}

describe('a command line becomes one call of the application', () => {
  it.each([
    ['doctor', ['doctor']],
    ['init', ['init']],
    ['route get --org 42', ['routeGet', '42']],
    ['route set --org 42 --to cell-a', ['routeSet', '42', 'cell-a']],
    ['discover', ['discover', { mode: 'show' }]],
    ['discover --cell cell-b --check', ['discover', { cell: 'cell-b', mode: 'check' }]],
    ['discover --write out', ['discover', { mode: 'write', directory: 'out' }]],
    ['plan --org 42 --to cell-b', ['plan', { org: '42', to: 'cell-b' }]],
    ['plan --org 42 --to cell-b --from cell-a', ['plan', { org: '42', to: 'cell-b', from: 'cell-a' }]],
    [`report ${ID} --format json`, ['report', ID]],
    ['move --org 42 --to cell-b --pause-before cutover --yes', ['move', { org: '42', to: 'cell-b', pauseBefore: 'cutover' }]],
    ['move --org=-7 --to=cell-b --yes', ['move', { org: '-7', to: 'cell-b' }]],
    ['move --org 42 --to cell-b --max-window 1h30m', ['move', { org: '42', to: 'cell-b', maxWindowMs: 5_400_000 }]],
    [`resume ${ID}`, ['resume', ID, {}]],
    [`resume ${ID} --take-over --max-window 45m`, ['resume', ID, { maxWindowMs: 2_700_000, takeOver: true }]],
    [`pause ${ID} --yes`, ['pause', ID]],
    [`status ${ID}`, ['status', ID]],
    ['status', ['list', { openOnly: true }]],
    ['list', ['list', {}]],
    ['list --org 42 --state failed', ['list', { org: '42', state: 'failed' }]],
    [`verify ${ID}`, ['verify', ID]],
    [`abort ${ID} --yes`, ['abort', ID]],
    [`purge ${ID} --yes`, ['purge', ID, {}]],
    [`throttle ${ID} --max-bytes-per-second 5000000`, ['throttle', ID, { maxBytesPerSecond: 5_000_000 }]],
    [`throttle ${ID} --max-bytes-per-second none --continue`, ['throttle', ID, { maxBytesPerSecond: null, paused: false }]],
    [`throttle ${ID} --pause`, ['throttle', ID, { paused: true }]],
    [`purge ${ID} --waive-retention=42`, ['purge', ID, { waiveRetention: '42' }]],
    ['--config {config} list --json --log-level debug --log-format json --no-progress', ['list', {}]],
  ])('%s', async (line, call) => {
    const verified = { ...MOVE, verification: { ...MOVE.verification, verdict: 'equal' } } as const
    const ran = await runCli(line, { app: { verify: () => Promise.resolve(verified) } })
    expect(ran.calls).toEqual([call, ['dispose']])
    expect(ran.code).toBe(0)
  })

  it('demo needs no configuration', async () => {
    let kept = false
    const ran = await runArgv(['demo', '--keep', '--json'], { demo: ({ keep }) => Promise.resolve(((kept = keep), MOVE)) })
    expect([ran.code, kept, JSON.parse(ran.stdout)]).toEqual([0, true, MOVE])
  })
})

describe('the exit code', () => {
  it.each(Object.entries(ERROR_CATALOGUE).map(([code, { exit }]) => [code as ErrorCode, exit] as const))('of %s is %d, thrown or in the document', async (code, exit) => {
    expect((await runCli(`resume ${ID}`, { app: { resume: () => Promise.reject(failure(code)) } })).code).toBe(exit)
    const error = { code, message: 'm', hint: 'h', retry: 'never' } as const
    expect((await runCli(`resume ${ID}`, { app: { resume: () => Promise.resolve({ ...MOVE, error }) } })).code).toBe(exit)
  })

  it('is 3 for a finding of severity error in plan, doctor and discover --check, not for a warning', async () => {
    const check = (severity: 'error' | 'warning') => () => Promise.resolve({ ...CHECK, findings: [{ ...ERROR_FINDING, severity }] })
    expect((await runCli('doctor', { app: { doctor: check('error') } })).code).toBe(3)
    expect((await runCli('doctor', { app: { doctor: check('warning') } })).code).toBe(0)
    expect((await runCli('plan --org 1 --to b --json', { app: { plan: () => Promise.resolve({ ...PLAN, findings: [ERROR_FINDING], blocking: true }) } })).code).toBe(3)
    expect((await runCli('plan --org 1 --to b', { app: { plan: () => Promise.resolve({ ...PLAN, findings: [WARNING] }) } })).code).toBe(0)
    expect((await runCli('discover --check', { app: { discover: check('error') as never } })).code).toBe(3)
  })

  it('is 0 for plain discover whatever it finds', async () => {
    const discover = () => Promise.resolve({ cell: 'cell-a', tables: [], findings: [ERROR_FINDING], error: null })
    expect((await runCli('discover', { app: { discover: discover as never } })).code).toBe(0)
  })

  it('is 0 for showing a move that failed, and its error is shown', async () => {
    const error = { code: 'OM4001', message: 'differs', hint: 'h', retry: 'never' } as const
    const ran = await runCli(`status ${ID} --json`, { app: { status: () => Promise.resolve({ ...MOVE, state: 'failed', error }) } })
    expect([ran.code, JSON.parse(ran.stdout)]).toMatchObject([0, { error: { code: 'OM4001' } }])
    expect((await runCli(`status ${ID}`, { app: { status: () => Promise.reject(failure('OM1007')) } })).code).toBe(2)
  })

  it('is never 0 for differences or for a verification that did not finish', async () => {
    const verified = (verdict: 'different' | 'incomplete' | 'not_run') => ({ app: { verify: () => Promise.resolve({ ...MOVE, verification: { ...MOVE.verification, verdict } }) } })
    expect((await runCli(`verify ${ID}`, verified('different'))).code).toBe(4)
    expect((await runCli(`verify ${ID}`, verified('incomplete'))).code).toBe(5)
    expect((await runCli(`verify ${ID}`, verified('not_run'))).code).toBe(5)
  })

  it('is 1 for what nobody expected, and says so', async () => {
    const ran = await runCli(`resume ${ID} --json`, { app: { resume: () => Promise.reject(new TypeError('boom')) } })
    expect([ran.code, JSON.parse(ran.stdout)]).toMatchObject([1, { error: { code: 'OM9002', message: 'unexpected failure: boom' } }])
  })
})

describe('--json', () => {
  it.each([
    ['plan --json', { org: '', target: '', tables: [], totals: { tables: 0, rows: 0, bytes: 0 }, findings: [], blocking: true }],
    ['plan --json --org 42', { org: '42' }],
    ['move --json --org 42', { moveId: null, state: null, org: '42', tables: [], verification: { verdict: 'not_run' } }],
    ['--json resume', { moveId: null }],
    ['discover --json --check --write x', { checks: [] }],
    ['list --json --state lunch', { moves: [] }],
    ['status --json --watch', { moves: [] }],
    [`status --json --watch ${ID}`, { moveId: null }],
    ['route --json', { done: [] }],
    ['nope --json', {}],
    ['--json', {}],
    ['plan --org --json', {}],
  ])('%s prints exactly one document and exits with 2', async (line, expected) => {
    const ran = await runCli(line)
    expect(ran.code).toBe(2)
    expect(JSON.parse(ran.stdout)).toMatchObject({ ...expected, error: { code: 'OM1004', retry: 'after-fix' } })
    expect(ran.stderr).toBe('')
  })

  it('prints the error of a configuration with every problem', async () => {
    const ran = await runCli('move --org 1 --to b --yes --json', { config: 'typo: 1\nalso: 2\n' })
    const document = JSON.parse(ran.stdout) as { readonly error: { readonly code: string; readonly message: string } }
    expect([ran.code, document.error.code]).toEqual([2, 'OM1001'])
    expect(document.error.message).toMatch(/typo: unknown key[^]*also: unknown key/)
    expect(ran.calls).toEqual([])
  })

  it('prints findings of a refused move with its organization and target', async () => {
    const ran = await runCli('move --org 42 --to cell-b --yes --json', { app: { move: () => Promise.reject(failure('OM2007')) } })
    expect(JSON.parse(ran.stdout)).toMatchObject({ org: '42', target: 'cell-b', source: null, moveId: null, findings: [{ code: 'OM2101' }], error: { code: 'OM2007', retry: 'safe' } })
    expect(ran.code).toBe(3)
  })
})

describe('usage', () => {
  it('has all its problems listed at once, on stderr', async () => {
    const ran = await runCli('move --to= --pause-before lunch --log-level loud --nope')
    expect([ran.code, ran.stdout]).toEqual([2, ''])
    for (const text of ['OM1004', '--org is required', '--to must not be empty', '--pause-before must be one of', '--log-level must be one of', 'unknown option --nope', 'org-mover help move']) expect(ran.stderr).toContain(text)
  })

  it.each([
    [`throttle ${ID}`, 'name --max-bytes-per-second, --pause or --continue'],
    [`throttle ${ID} --pause --continue`, '--pause and --continue exclude each other'],
    [`throttle ${ID} --max-bytes-per-second 0`, '--max-bytes-per-second must be a whole number above 0, or none'],
    ['throttle --pause', 'MOVE_ID is required'],
  ])('%s: %s', async (line, problem) => {
    const ran = await runCli(line)
    expect([ran.code, ran.calls]).toEqual([2, []])
    expect(ran.stderr).toContain(problem)
  })

  it.each(leafCommands())('%s --help shows an example', async (command) => {
    const ran = await runCli(`${command} --help`)
    expect([ran.code, ran.stderr]).toEqual([0, ''])
    expect(ran.stdout).toMatch(new RegExp(`Examples:\n  (?:source <\\()?org-mover ${command}`))
    expect(ran.stdout).toContain('--config <file>')
  })

  it('without a command is wrong', async () => {
    expect((await runCli('')).code).toBe(2)
  })
})

describe('confirmation', () => {
  const asking = { resume: async (_id: string, io: MoveIo) => ((await io.confirm(['will resume move x'])) ? MOVE : Promise.reject(failure('OM1008'))) }

  it('shows what will be done and refuses without a terminal and without --yes', async () => {
    const ran = await runCli(`resume ${ID} --json`, { app: asking })
    expect(ran.code).toBe(2)
    expect(ran.stderr).toContain('will resume move x')
    expect(JSON.parse(ran.stdout)).toMatchObject({ error: { code: 'OM1008', hint: expect.stringContaining('--yes') } })
  })

  it.each([
    ['y', 0],
    [' YES ', 0],
    ['', 2],
    ['n', 2],
    [null, 2],
  ])('%j at the prompt ends with %d', async (answer, code) => {
    expect((await runCli(`resume ${ID}`, { app: asking, answer })).code).toBe(code)
  })

  it('is given by --yes', async () => {
    const ran = await runCli(`resume ${ID} --yes`, { app: asking, answer: 'n' })
    expect(ran.code).toBe(0)
    expect(ran.stderr).toContain('will resume move x')
  })

  it('is not asked of scripts that set a route', async () => {
    const app = { routeSet: async (_org: string, _cell: string, io: Pick<MoveIo, 'confirm'>) => ({ done: [String(await io.confirm(['will set']))], org: '1', cell: 'a', epoch: 1, error: null }) }
    expect((await runCli('route set --org 1 --to a', { app })).stdout).toContain('true')
    expect((await runCli('route set --org 1 --to a', { app, answer: 'n' })).stdout).toContain('false')
  })
})

describe('an interrupt', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s lets the move stop at a safe point and exits with %d', async (signal, code) => {
    const app = {
      resume: (_id: string, io: MoveIo) =>
        new Promise<typeof MOVE>((resolve) => {
          io.signal.addEventListener('abort', () => resolve(MOVE), { once: true })
        }),
    }
    const ran = await runCli(`resume ${ID} --json`, { app, onStart: (send) => setImmediate(() => send(signal)) })
    expect([ran.code, JSON.parse(ran.stdout)]).toMatchObject([code, { moveId: MOVE.moveId, error: null }])
    expect(ran.exits).toEqual([])
  })

  it('ends a command that only looks at once, closing what it opened', async () => {
    const ran = await runCli('doctor --json', { app: { doctor: () => new Promise(() => undefined) }, onStart: (send) => setImmediate(() => send('SIGINT')) })
    expect([ran.code, JSON.parse(ran.stdout)]).toEqual([130, { checks: [], findings: [], error: null }])
    expect(ran.calls.at(-1)).toEqual(['dispose'])
  })

  it('ends the process at once the second time', async () => {
    const app = { resume: () => new Promise<typeof MOVE>((resolve) => setTimeout(() => resolve(MOVE), 20)) }
    const ran = await runCli(`resume ${ID}`, {
      app,
      onStart: (send) =>
        setImmediate(() => {
          send('SIGTERM')
          send('SIGTERM')
        }),
    })
    expect(ran.exits).toEqual([143])
  })
})

describe('init', () => {
  it('writes a starter once and says what is missing for the rest', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'org-mover-init-'))
    try {
      const file = join(directory, 'org-mover.yaml')
      const first = await runArgv(['init', '--config', file], {})
      expect([first.code, first.calls]).toEqual([0, []])
      expect(first.stdout).toContain(`next: org-mover init --config ${file}`)
      expect(await readFile(file, 'utf8')).toBe(STARTER_CONFIG)
      expect((await runArgv(['init', '--config', file], {})).stderr).toContain('CELL_A_URL is not set')
      const env = { CELL_A_URL: 'postgres://a/a', CELL_B_URL: 'postgres://b/b', CONTROL_URL: 'postgres://c/c' }
      const second = await runArgv(['init', '--config', file], { env })
      expect([second.code, second.calls[0]]).toEqual([0, ['init']])
      expect((await runArgv(['init', '--config', join(directory, 'none', 'x.yaml')], {})).stderr).toContain('OM1002')
      await expect(access(join(directory, 'none'))).rejects.toThrow()
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })
})

describe('text for people', () => {
  it('ends with the command to run next, with the configuration that was named', async () => {
    expect((await runCli('plan --org it\'s --to cell-b')).stdout).toMatch(/\nnext: org-mover move --org 'it'\\''s' --to cell-b\n$/)
    expect((await runCli(`resume ${ID} --config {config}`)).stdout).toMatch(/next: org-mover purge 0197f3a2 --config \/.*org-mover\.yaml\n$/)
  })

  it('lists findings with place, count, examples and hint', async () => {
    const { stdout } = await runCli('plan --org 1 --to b', { app: { plan: () => Promise.resolve({ ...PLAN, findings: [WARNING, ERROR_FINDING], blocking: true }) } })
    expect(stdout).toContain('Findings: 1 error, 1 warning')
    expect(stdout).toMatch(/error {3}OM2101 cell-a main public\.notes: nobody owns it \(3 rows\)\n +id=1\n +hint: declare it/)
  })

  it('aligns tables and colours nothing that is no terminal', async () => {
    const tables = [
      { database: 'main', schema: 'public', table: 'notes', class: 'sharded', rows: 1234567, rowsExact: false, bytes: 123456, chunks: 13, index: 'i' },
      { database: 'main', schema: 'public', table: 'a\u001b[31m', class: 'root', rows: 1, rowsExact: true, bytes: 10, chunks: 1, index: null },
    ] as const
    const { stdout } = await runCli('plan --org 1 --to b', { app: { plan: () => Promise.resolve({ ...PLAN, tables }) } })
    expect(stdout).toContain('main      public.notes        sharded  ~1,234,567  120.6 KiB      13  i\n')
    expect(stdout).toContain('main      public.a\\u001b[31m  root              1       10 B       1  none\n')
    expect(stdout).not.toContain('\u001b')
  })

  it('shows, of a move of more tables than the terminal has rows, the facts and the tables under way, and never scrolls', async () => {
    const table = (n: number, state: 'pending' | 'running' | 'done') => ({ database: 'main', schema: 'public', table: `table_${n}`, rowsPlanned: 9, rowsCopied: 1, rowsVerified: 0, rowsPurged: 0, state })
    const tables = Array.from({ length: 60 }, (_, n) => table(n, n === 50 ? 'running' : n < 30 ? 'done' : 'pending'))
    let reads = 0
    const status = () => Promise.resolve({ ...MOVE, tables, waiting: 'a reason that is longer than the terminal is wide '.repeat(3), state: (reads += 1) < 3 ? 'running' : 'cut_over' } as const)
    const ran = await runCli(`status ${ID} --watch`, { app: { status }, rows: 18, columns: 70 })
    const [first = ''] = ran.stdout.split('\u001b[H')[1]?.split('\u001b[J') ?? []
    // eslint-disable-next-line no-control-regex
    const lines = first.replaceAll(/\u001b\[(?:\d+m|K)/g, '').trimEnd().split('\n')
    expect(lines.reduce((sum, line) => sum + Math.ceil(Math.max(1, line.length) / 70), 0)).toBeLessThanOrEqual(17)
    expect(lines[0]).toContain(ID)
    expect(first).toContain('table_50')
    expect(first).not.toContain('table_0 ')
    expect(lines.at(-1)).toMatch(/^… and \d+ more line\(s\)/)
  })

  it('watches until the move rests', async () => {
    let reads = 0
    const status = () => Promise.resolve({ ...MOVE, state: (reads += 1) < 3 ? 'running' : 'cut_over' } as const)
    const ran = await runCli(`status ${ID} --watch`, { app: { status } })
    expect([ran.code, reads]).toEqual([0, 3])
    expect(ran.stdout.match(/state +running/g)).toHaveLength(2)
    expect(LIST.moves).toHaveLength(1)
  })
})
