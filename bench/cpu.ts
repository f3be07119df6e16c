import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BenchCells, BIG_ORGANIZATION } from './cells.js'
import { describeMachine } from './machine.js'
import type { Machine } from './machine.js'
import { Mover } from './mover.js'
import { withServerCpu } from './race.js'
import { median } from './table.js'

const USAGE = `npm run bench:cpu -- [--write] [--rows N] [--rounds N]

CPU seconds of a move and its purge, in units of what a fixed piece of SQL takes on the same server in the same round, held against
bench/results/cpu-baseline.json: exit 1 where a figure is more than a fifth above it. --write replaces the baseline. What else the machine does changes
wall times at once, CPU seconds by a tenth or so.
`
const BASELINE = new URL('results/cpu-baseline.json', import.meta.url)
const TOLERANCE = 0.2
/** Printing, hashing and sorting, as a move has them; about a second. */
const YARDSTICK = `SELECT count(*), max(h) FROM (SELECT md5(ROW(i, i::numeric / 7, 'text ' || i)::text) AS h FROM generate_series(1, 600000) AS i ORDER BY 1 OFFSET 0) AS hashed`

interface Baseline {
  readonly machine: Machine
  readonly rows: number
  readonly rounds: number
  readonly yardstickSeconds: number
  readonly figures: Readonly<Record<string, number>>
}

async function compareCpu(): Promise<void> {
  const { values } = parseArgs({ options: { write: { type: 'boolean', default: false }, rows: { type: 'string', default: '100000' }, rounds: { type: 'string', default: '3' } } })
  const [rows, rounds] = [Number(values.rows), Number(values.rounds)]
  if (![rows, rounds].every((n) => Number.isInteger(n) && n > 0)) {
    process.stderr.write(USAGE)
    process.exitCode = 2
    return
  }
  const found = await measureCpu(rows, rounds)
  if (values.write) {
    await mkdir(new URL('results/', import.meta.url), { recursive: true })
    await writeFile(BASELINE, `${JSON.stringify(found, null, 1)}\n`)
  }
  const before = values.write ? null : (JSON.parse(await readFile(BASELINE, 'utf8')) as Baseline)
  if (before !== null && before.rows !== rows) throw new Error(`the baseline is of ${before.rows} rows: run with --rows ${before.rows}, or write another`)
  const lines = Object.entries(found.figures).map(([name, value]) => ({ name, value, quotient: before === null ? null : value / (before.figures[name] ?? Number.NaN) }))
  process.stdout.write(`| in units of ${found.yardstickSeconds.toFixed(2)} s | now | ÷ baseline |\n| --- | ---: | ---: |\n${lines.map(({ name, value, quotient }) => `| ${name} | ${value.toFixed(2)} | ${quotient?.toFixed(2) ?? ''} |`).join('\n')}\n`)
  const worse = lines.filter(({ quotient }) => quotient !== null && !(quotient <= 1 + TOLERANCE))
  if (worse.length === 0) return
  process.stderr.write(`more CPU than the baseline and its tolerance of ${TOLERANCE * 100} %: ${worse.map(({ name }) => name).join(', ')}\n`)
  process.exitCode = 1
}

async function measureCpu(rows: number, rounds: number): Promise<Baseline> {
  const folder = await mkdtemp(join(tmpdir(), 'org-mover-bench-cpu-'))
  try {
    const machine = await describeMachine()
    await using cells = await BenchCells.start()
    const mover = await Mover.configure(cells, join(folder, 'config.yaml'), { jobs: 4, chunkRows: 100_000 })
    await cells.seedTemplate('target', 'template_b', 0)
    await cells.seedTemplate('source', 'template_a', rows)
    const seen = new Map<string, number[]>()
    const yardsticks: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      process.stderr.write(`round ${round + 1} of ${rounds}\n`)
      await mover.reset('template_a')
      const [, yard] = await withServerCpu(cells, () => cells.query('target', 'postgres', YARDSTICK))
      const unit = yard.target ?? Number.NaN
      yardsticks.push(unit)
      const note = (name: string, seconds: number | null): void => void seen.set(name, [...(seen.get(name) ?? []), (seconds ?? Number.NaN) / unit])
      const [{ document, measured }, cpu] = await withServerCpu(cells, () => mover.move(BIG_ORGANIZATION))
      note('move: client', measured.cpuSeconds)
      note('move: source', cpu.source)
      note('move: target', cpu.target)
      const [purged, purgeCpu] = await withServerCpu(cells, () => mover.purge(document.moveId ?? '', BIG_ORGANIZATION))
      note('purge: client', purged.measured.cpuSeconds)
      note('purge: source', purgeCpu.source)
    }
    return { machine, rows, rounds, yardstickSeconds: median(yardsticks), figures: Object.fromEntries([...seen].map(([name, values]) => [name, Math.round(median(values) * 1000) / 1000])) }
  } finally {
    await rm(folder, { recursive: true })
  }
}

await compareCpu()
