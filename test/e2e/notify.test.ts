import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startCli } from '../support/cli-process.js'
import { ORG, smallCells } from '../support/small-cells.js'
import type { SmallCells } from '../support/small-cells.js'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'org-mover-notify-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true })
})

interface Told {
  readonly command: string
  readonly moveId: string
  readonly state: string
  readonly error: { readonly code: string } | null
  readonly next: string | null
  readonly report: string | null
}

/** A hook that adds a line of what it was given, and its variables, to a file. */
const told = (file: string): readonly string[] => ['sh', '-c', `printf '%s\\t%s %s %s %s\\n' "$(cat)" "$ORG_MOVER_COMMAND" "$ORG_MOVER_STATE" "$ORG_MOVER_ERROR" "$ORG_MOVER_REPORT" >> ${file}`]

async function linesOf(file: string): Promise<readonly { readonly told: Told; readonly variables: string }[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.split('\n').filter((line) => line !== '').map((line) => {
    const [json = '', variables = ''] = line.split('\t')
    return { told: JSON.parse(json) as Told, variables }
  })
}

function run(cells: SmallCells, args: readonly string[]): ReturnType<typeof startCli>['result'] {
  return startCli([...args, '--yes', '--json', '--config', cells.configFile]).result
}

test('whoever wants to know is told when a move rests, and when it is over, with the path of its report', async () => {
  const [file, reports] = [join(folder, 'told'), join(folder, 'reports')]
  const bodies: { readonly authorization: string | undefined; readonly body: Told }[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    request.on('end', () => {
      bodies.push({ authorization: request.headers.authorization, body: JSON.parse(text) as Told })
      response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/moves`
  await using cells = await smallCells({ config: { notify: { reports, hooks: [{ command: told(file) }, { http: url, headers: { Authorization: 'Bearer of-the-night' } }] } } })
  expect((await run(cells, ['move', '--org', ORG, '--to', 'cell-b', '--pause-before', 'cutover'])).code).toBe(0)
  const id = (await cells.moveId()) ?? ''
  expect((await run(cells, ['resume', id])).code).toBe(0)
  expect((await startCli(['status', id, '--config', cells.configFile]).result).code).toBe(0)

  const report = join(reports, `org-mover-${id}.html`)
  const lines = await linesOf(file)
  expect(lines.map(({ told: { command, state, error, moveId }, variables }) => [command, state, error, moveId, variables])).toEqual([
    ['move', 'paused', null, id, `move paused  ${report}`],
    ['resume', 'cut_over', null, id, `resume cut_over  ${report}`],
  ])
  expect(bodies.map(({ authorization, body }) => [authorization, body])).toEqual(lines.map((line) => ['Bearer of-the-night', line.told]))
  expect(lines[1]?.told.next).toContain('purge')
  expect(await readFile(report, 'utf8')).toContain('<html')
  expect((await stat(report)).mode & 0o777, 'it names keys of rows').toBe(0o600)
  await new Promise((resolve) => server.close(resolve))
})

test('a failed move is told with its error, a refused command without a move to nobody', async () => {
  const file = join(folder, 'failed')
  await using cells = await smallCells({ config: { notify: { hooks: [{ command: told(file) }] }, maintenance: { enter: [{ command: ['false'] }] } } })
  expect((await run(cells, ['move', '--org', ORG, '--to', 'cell-nowhere'])).code).toBe(2)
  expect(await linesOf(file)).toEqual([])
  expect((await run(cells, ['move', '--org', ORG, '--to', 'cell-b'])).code).not.toBe(0)
  expect((await linesOf(file)).map(({ told: { state, error, report }, variables }) => [state, error?.code, report, variables])).toEqual([['failed', 'OM3011', null, 'move failed OM3011 ']])
})

test('what keeps a notification from being delivered changes neither the move nor the exit code', async () => {
  await using cells = await smallCells({ config: { notify: { reports: '/dev/null/reports', hooks: [{ command: ['false'] }, { command: ['sleep', '600'], timeout: '1s' }] } } })
  const { code, stdout, stderr } = await run(cells, ['move', '--org', ORG, '--to', 'cell-b'])
  expect([code, (JSON.parse(stdout) as Told).state]).toEqual([0, 'cut_over'])
  expect(stderr.match(/a notification was not delivered/g)).toHaveLength(2)
  expect(stderr).toContain('the report was not written')
})
