import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startCli } from '../support/cli-process.js'
import { ORG, smallCells } from '../support/small-cells.js'
import type { Role, SmallCells } from '../support/small-cells.js'

const OPERATIONS = 'ops-word!of+nobody'

describe('passwords of connection strings are seen nowhere (P8)', () => {
  let folder: string
  const said: { readonly name: string; readonly text: string }[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'org-mover-passwords-'))
  })
  afterAll(async () => {
    await rm(folder, { recursive: true })
  })

  /** The built program at the highest level of logging. */
  async function run(cells: SmallCells, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number | null> {
    for (const format of ['json', 'pretty']) {
      const { code, stdout, stderr } = await startCli([...args, '--config', cells.configFile, '--log-level', 'trace', '--log-format', format, '--yes', ...(format === 'json' ? ['--json'] : [])], { env }).result
      said.push({ name: `${args.join(' ')}: stdout`, text: stdout }, { name: `${args.join(' ')}: stderr`, text: stderr })
      if (args[0] !== 'doctor' && args[0] !== 'plan') return code
    }
    return null
  }

  function leaks(passwords: readonly string[]): readonly string[] {
    expect(passwords.filter((password) => password.length < 8), 'words long enough to be looked for').toEqual([])
    const forms = passwords.flatMap((password) => [password, encodeURIComponent(password), Buffer.from(password).toString('base64')])
    return said.flatMap(({ name, text }) => forms.filter((form) => text.includes(form)).map(() => name))
  }

  const withPassword = (password: string) => (role: Role, url: string): string => {
    if (role !== 'source') return url
    const changed = new URL(url)
    changed.password = password
    return changed.href
  }

  test('in the titles of processes, output, logs and journal of a move, an abort and their failures', async () => {
    const seen = join(folder, 'processes')
    const hook = { command: ['sh', '-c', `ps -eo args > ${seen}`] }
    await using cells = await smallCells({ config: { maintenance: { enter: [hook] } } })
    const passwords = [new URL(cells.databases.source.url).password, new URL(cells.databases.target.url).password]
    await run(cells, ['doctor'])
    await run(cells, ['plan', '--org', ORG, '--to', 'cell-b'])
    expect(await run(cells, ['move', '--org', ORG, '--to', 'cell-b', '--pause-before', 'cutover'])).toBe(0)
    const processes = await readFile(seen, 'utf8')
    expect(processes).toContain(cells.configFile)
    said.push({ name: 'processes', text: processes })
    const id = (await cells.moveId()) ?? ''
    expect(await run(cells, ['abort', id])).toBe(0)
    for (const [role, database] of Object.entries(cells.databases)) {
      const sessions = await database.query('SELECT application_name, query FROM pg_stat_activity WHERE datname = current_database()')
      said.push({ name: `sessions of ${role}`, text: JSON.stringify(sessions) })
    }
    for (const table of ['move', 'event', 'phase_run']) said.push({ name: `journal: ${table}`, text: JSON.stringify(await cells.databases.control.query(`SELECT t::text FROM org_mover.${table} AS t`)) })
    expect(leaks(passwords)).toEqual([])
  })

  test('where a login is refused, a server is not there, and a hook with a password fails', async () => {
    await using refused = await smallCells({ through: withPassword('wrong-word!of+nobody') })
    await using gone = await smallCells({ through: (role, url) => (role === 'target' ? `postgres://mover:gone-word!of+nobody@127.0.0.1:1/nowhere?sslmode=disable` : url) })
    await using hooked = await smallCells({ config: { maintenance: { enter: [{ http: 'http://127.0.0.1:1/enter', headers: { authorization: `Bearer ${OPERATIONS}` } }] } } })
    for (const cells of [refused, gone, hooked]) {
      await run(cells, ['doctor'])
      await run(cells, ['plan', '--org', ORG, '--to', 'cell-b'])
      expect(await run(cells, ['move', '--org', ORG, '--to', 'cell-b'])).not.toBe(0)
    }
    expect(leaks(['wrong-word!of+nobody', 'gone-word!of+nobody', OPERATIONS])).toEqual([])
  })

  test('the search for leaks finds one', () => {
    said.length = 0
    said.push({ name: 'planted', text: `postgres://u:${OPERATIONS}@h/d` })
    expect(leaks([OPERATIONS])).toEqual(['planted'])
  })
})
