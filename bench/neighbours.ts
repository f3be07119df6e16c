import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { BENCH_SETTINGS, BenchCells, BIG_ORGANIZATION } from './cells.js'
import { describeMachine } from './machine.js'
import { CELL, Mover } from './mover.js'
import type { CopySettings } from './mover.js'
import { startWriters } from './neighbour-writers.js'
import { median } from './table.js'

const USAGE = `npm run bench:neighbours -- [--rows N] [--rounds N] [--per-second N] [--out FILE]

How long writes of other organizations take on both cells while one of N rows moves (whole, prepare included), with default settings and
throttled, against none that moves. Writes a JSON file (default: bench/results/neighbours.json) and prints Markdown.
`
const TEMPLATE = 'template_a'
const SIDES = ['source', 'target'] as const
const CONTENDERS: Readonly<Record<string, CopySettings | null>> = {
  'no move': null,
  'move, default settings': { jobs: 4, chunkRows: 100_000 },
  'move, one job, 2 MB/s': { jobs: 1, chunkRows: 20_000, maxBytesPerSecond: 2_000_000 },
}

interface Round {
  readonly seconds: number
  readonly source: Latencies
  readonly target: Latencies
}

interface Latencies {
  readonly writes: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

async function bench(): Promise<void> {
  const { values } = parseArgs({ options: { rows: { type: 'string', default: '300000' }, rounds: { type: 'string', default: '5' }, 'per-second': { type: 'string', default: '50' }, out: { type: 'string' } } })
  const [rows, rounds, perSecond] = [Number(values.rows), Number(values.rounds), Number(values['per-second'])]
  if (![rows, rounds, perSecond].every((n) => Number.isInteger(n) && n > 0)) {
    process.stderr.write(USAGE)
    process.exitCode = 2
    return
  }
  const folder = await mkdtemp(join(tmpdir(), 'org-mover-bench-'))
  try {
    const machine = await describeMachine()
    await using cells = await BenchCells.start()
    await cells.seedTemplate('source', TEMPLATE, rows)
    await cells.seedTemplate('target', 'template_b', 0)
    const measured = new Map<string, Round[]>(Object.keys(CONTENDERS).map((name) => [name, []]))
    const names = Object.keys(CONTENDERS)
    // as long as the move of the round before, so that both see as many writes
    let idleMs = 15_000
    for (let round = 0; round < rounds; round++) {
      for (let n = 0; n < names.length; n++) {
        const name = names[(round + n) % names.length] ?? ''
        const one = await measureRound(cells, { folder, perSecond, idleMs }, CONTENDERS[name] ?? null)
        if (name === names[1]) idleMs = one.seconds * 1000
        measured.get(name)?.push(one)
        process.stderr.write(`round ${round + 1}, ${name}: ${one.seconds.toFixed(1)} s, p99 ${one.source.p99.toFixed(1)} ms on the source, ${one.target.p99.toFixed(1)} ms on the target\n`)
      }
    }
    const found = { machine, postgres: cells.majorVersion, settings: BENCH_SETTINGS, rows, rounds, perSecond, measured: Object.fromEntries(measured) }
    process.stdout.write(`${tableOf(measured)}\n`)
    await mkdir(new URL('results/', import.meta.url), { recursive: true })
    await writeFile(values.out ?? new URL('results/neighbours.json', import.meta.url), `${JSON.stringify(found, null, 1)}\n`)
  } finally {
    await rm(folder, { recursive: true })
  }
}

interface Setting {
  readonly folder: string
  readonly perSecond: number
  readonly idleMs: number
}

async function measureRound(cells: BenchCells, { folder, perSecond, idleMs }: Setting, copy: CopySettings | null): Promise<Round> {
  const mover = await Mover.configure(cells, join(folder, 'config.yaml'), copy ?? { jobs: 1, chunkRows: 1 })
  await mover.reset(TEMPLATE)
  const writers = await Promise.all(SIDES.map(async (side) => startWriters(cells.url(side, CELL), { orgs: await neighbours(cells, side), perSecond })))
  // caches and plans of the sessions themselves
  await sleep(1_000)
  const begun = performance.now()
  if (copy === null) await sleep(idleMs)
  else await mover.move(BIG_ORGANIZATION)
  const seconds = (performance.now() - begun) / 1000
  const [source, target] = await Promise.all(writers.map((one) => one.stop()))
  return { seconds, source: latenciesOf(source ?? []), target: latenciesOf(target ?? []) }
}

/** Small organizations of that cell, a session for each. */
async function neighbours(cells: BenchCells, side: (typeof SIDES)[number]): Promise<readonly string[]> {
  const rows = await cells.query(side, CELL, `SELECT id::text AS id FROM organizations WHERE id <> ${BIG_ORGANIZATION} ORDER BY id LIMIT 8`)
  return rows.map((row) => String(row['id']))
}

function latenciesOf(all: readonly number[]): Latencies {
  const sorted = [...all].sort((a, b) => a - b)
  const at = (part: number): number => Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN) * 100) / 100
  return { writes: sorted.length, p50: at(0.5), p99: at(0.99), max: at(1) }
}

function tableOf(measured: ReadonlyMap<string, readonly Round[]>): string {
  const idle = measured.get('no move') ?? []
  const figure = (values: readonly number[]): string => `${median(values).toFixed(1)} ms (${Math.min(...values).toFixed(1)} – ${Math.max(...values).toFixed(1)})`
  const lines = SIDES.flatMap((side) =>
    [...measured].map(([name, rounds]) => {
      const quotient = median(rounds.map((round, n) => round[side].p99 / (idle[n]?.[side].p99 ?? Number.NaN)))
      return `| ${side} | ${name} | ${median(rounds.map((round) => round.seconds)).toFixed(1)} s | ${median(rounds.map((round) => round[side].p50)).toFixed(1)} ms | ${figure(rounds.map((round) => round[side].p99))} | ${quotient.toFixed(2)} | ${figure(rounds.map((round) => round[side].max))} |`
    }),
  )
  return ['| cell | | time | p50 | p99 (range) | p99 ÷ no move | longest (range) |', '| --- | --- | ---: | ---: | ---: | ---: | ---: |', ...lines].join('\n')
}

await bench()
