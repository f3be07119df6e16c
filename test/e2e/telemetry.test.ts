import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startCli } from '../support/cli-process.js'
import { ORG, smallCells } from '../support/small-cells.js'
import type { SmallCells } from '../support/small-cells.js'

/** A readiness probe is asked in the middle of a move: what it sees then is what a scraper would. */
const SCRAPE = `
  const at = process.env.SCRAPED + '.' + Date.now()
  const text = process.env.METRICS_URL ? await (await fetch(process.env.METRICS_URL)).text() : ''
  await (await import('node:fs/promises')).writeFile(at, text)
  process.stdout.write('0')`

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'org-mover-telemetry-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true })
})

function probe(scraped: string, url: string): Readonly<Record<string, unknown>> {
  return { maintenance: { ready: [{ command: ['env', `SCRAPED=${scraped}`, `METRICS_URL=${url}`, process.execPath, '--input-type=module', '-e', SCRAPE] }] } }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

function move(cells: SmallCells, more: readonly string[], env: Readonly<Record<string, string>> = {}): ReturnType<typeof startCli> {
  return startCli(['move', '--org', ORG, '--to', 'cell-b', '--yes', '--json', '--config', cells.configFile, ...more], { env })
}

/** Samples by name and labels. A line that is not of the text format fails. */
function samples(text: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>()
  for (const line of text.split('\n').filter((one) => one !== '' && !one.startsWith('#'))) {
    const [, series = '', value = ''] = /^([a-z_][a-z_0-9]*(?:\{(?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*\})?) (\S+)$/.exec(line) ?? expect.fail(line)
    expect(found.has(series), series).toBe(false)
    found.set(series, Number(value))
  }
  return found
}

describe('metrics', () => {
  test('are served while a move is driven, and left in a file when it has ended', async () => {
    const [port, file, scraped] = [await freePort(), join(folder, 'move.prom'), join(folder, 'scraped')]
    await using cells = await smallCells({ config: probe(scraped, `http://127.0.0.1:${port}/metrics`) })
    const { code, stdout, stderr } = await move(cells, ['--metrics-port', String(port), '--metrics-file', file]).result
    expect(code, stderr).toBe(0)
    expect(stderr).toContain(`metrics are at http://127.0.0.1:${port}/metrics`)
    const [first = ''] = (await readdir(folder)).filter((name) => name.startsWith('scraped.')).sort()
    const during = samples(await readFile(join(folder, first), 'utf8'))
    const id = (JSON.parse(stdout) as { readonly moveId: string }).moveId
    const info = [...during.keys()].find((series) => series.startsWith('org_mover_move_info'))
    expect(info).toContain(`move_id="${id}",org="${ORG}",source="cell-a",target="cell-b",command="move"`)
    expect(during.get('org_mover_exit_code'), 'it has not ended').toBeUndefined()
    expect([...during].filter(([series, value]) => series.startsWith('org_mover_phase{') && value === 1)).toHaveLength(1)

    const after = samples(await readFile(file, 'utf8'))
    const value = (series: string): number | undefined => after.get(series)
    const rows = 3 + 5 + 2 + 1 + 3 + 3 + 2
    expect(value('org_mover_rows_total{phase="copy"}')).toBe(rows)
    expect(value('org_mover_rows_total{phase="verify"}')).toBe(rows)
    expect(value('org_mover_verification_rows')).toBeGreaterThanOrEqual(rows)
    expect(value('org_mover_bytes_total{phase="copy"}')).toBeGreaterThan(0)
    expect(value('org_mover_exit_code')).toBe(0)
    expect(value('org_mover_frozen_seconds'), 'the target accepts writes').toBe(0)
    expect(value('org_mover_frozen_since_timestamp_seconds')).toBeUndefined()
    expect(value('org_mover_phase{phase="none"}')).toBe(1)
    expect(value('org_mover_verification_differences{kind="missing"}')).toBe(0)
    for (const phase of ['prepare', 'freeze', 'copy', 'verify', 'cutover']) expect(value(`org_mover_phase_seconds{phase="${phase}"}`), phase).toBeGreaterThan(0)
    expect((await readdir(folder)).filter((name) => name.startsWith('move.prom')), 'no draft is left').toEqual(['move.prom'])
  })

  test('say since when an organization stands still, also after the process has gone', async () => {
    const file = join(folder, 'paused.prom')
    await using cells = await smallCells()
    const begun = Date.now() / 1000
    expect((await move(cells, ['--pause-before', 'cutover', '--max-window', '30m', '--metrics-file', file]).result).code).toBe(0)
    const after = samples(await readFile(file, 'utf8'))
    expect(after.get('org_mover_frozen_since_timestamp_seconds')).toBeGreaterThan(begun)
    expect(after.get('org_mover_frozen_since_timestamp_seconds')).toBeLessThan(Date.now() / 1000)
    expect(after.get('org_mover_frozen_limit_seconds')).toBe(1800)
  })

  test('that cannot be published stop a command before it begins (OM1009)', async () => {
    await using cells = await smallCells()
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    for (const more of [['--metrics-port', String(port)], ['--metrics-file', join(folder, 'no', 'such', 'folder')]]) {
      const { code, stdout } = await move(cells, more).result
      expect([code, (JSON.parse(stdout) as { readonly error: { readonly code: string } }).error.code]).toEqual([2, 'OM1009'])
    }
    expect(await cells.moveId()).toBeNull()
    await new Promise((resolve) => server.close(resolve))
  })

  test('are not for commands that drive no move', async () => {
    const { code, stdout } = await startCli(['list', '--metrics-port', '1x', '--metrics-file', 'f', '--json']).result
    expect(code).toBe(2)
    expect((JSON.parse(stdout) as { readonly error: { readonly message: string } }).error.message).toMatch(/--metrics-port must be a port, or host:port\n.*list does not/)
  })
})

interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly status?: { readonly code?: number }
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[]
}

/** Takes what is sent to /v1/traces as JSON. */
async function collector(): Promise<AsyncDisposable & { readonly url: string; readonly spans: OtlpSpan[]; readonly resources: string[] }> {
  const [spans, resources]: [OtlpSpan[], string[]] = [[], []]
  const read = async (request: IncomingMessage): Promise<void> => {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const sent = JSON.parse(text) as { readonly resourceSpans: readonly { readonly resource: unknown; readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[] }[] }
    for (const { resource, scopeSpans } of sent.resourceSpans) {
      resources.push(JSON.stringify(resource))
      spans.push(...scopeSpans.flatMap((scope) => scope.spans))
    }
  }
  const server = createServer((request, response) => {
    void read(request).then(() => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    spans,
    resources,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

describe('spans', () => {
  const TRACE = '0af7651916cd43dd8448eb211c80319c'
  const PARENT = 'b7ad6b7169203331'

  test('make one trace of a move: command, phases, tables', async () => {
    await using cells = await smallCells()
    await using at = await collector()
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: at.url, OTEL_SERVICE_NAME: 'night-shift', OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test', TRACEPARENT: `00-${TRACE}-${PARENT}-01` }
    const { code, stderr } = await move(cells, [], env).result
    expect(code, stderr).toBe(0)
    const named = (name: string): OtlpSpan => at.spans.find((span) => span.name === name) ?? expect.fail(`no span ${name} among ${at.spans.map((span) => span.name).join(', ')}`)
    const root = named('org-mover move')
    expect([root.traceId, root.parentSpanId]).toEqual([TRACE, PARENT])
    for (const phase of ['prepare', 'freeze', 'copy', 'verify', 'cutover']) expect([named(phase).traceId, named(phase).parentSpanId], phase).toEqual([TRACE, root.spanId])
    for (const table of ['public.projects', 'public.events']) expect(named(table).parentSpanId, table).toBe(named('copy').spanId)
    expect(at.spans.filter((span) => span.status?.code === 2)).toEqual([])
    const text = JSON.stringify(root.attributes)
    for (const word of ['org_mover.move_id', 'org_mover.exit_code', 'cut_over', 'cell-a', 'cell-b']) expect(text).toContain(word)
    expect(at.resources[0]).toContain('night-shift')
    expect(at.resources[0]).toContain('deployment.environment')
  })

  test('of a move that fails say where, by code alone', async () => {
    await using cells = await smallCells({ config: { maintenance: { enter: [{ command: ['sh', '-c', 'echo a-word-of-the-hook >&2; exit 7'] }] } } })
    await using at = await collector()
    const { code } = await move(cells, [], { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${at.url}/v1/traces` }).result
    expect(code).not.toBe(0)
    const failed = at.spans.filter((span) => span.status?.code === 2).map((span) => span.name)
    expect(failed).toEqual(expect.arrayContaining(['org-mover move']))
    expect(JSON.stringify(at.spans)).toMatch(/OM\d{4}/)
    expect(JSON.stringify(at.spans)).not.toContain('a-word-of-the-hook')
  })

  test('that nobody takes change nothing but a line', async () => {
    await using cells = await smallCells()
    const { code, stdout, stderr } = await move(cells, [], { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}` }).result
    expect(code).toBe(0)
    expect((JSON.parse(stdout) as { readonly state: string }).state).toBe('cut_over')
    expect(stderr).toContain('spans were not taken by the collector')
  })
})

test('the file of metrics is replaced, never half written', async () => {
  const file = join(folder, 'old.prom')
  await writeFile(file, 'of an earlier run')
  await using cells = await smallCells()
  expect((await move(cells, ['--metrics-file', file]).result).code).toBe(0)
  expect(await readFile(file, 'utf8')).not.toContain('of an earlier run')
})
