import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { BENCH_SETTINGS, BenchCells } from './cells.js'
import { describeMachine } from './machine.js'
import { measureSizes } from './measure-sizes.js'
import { Mover } from './mover.js'
import { findPsql } from './peers/psql-pipe.js'
import { race } from './race.js'
import { report } from './report.js'

const USAGE = `npm run bench -- [--quick] [--rows N] [--rounds N] [--jobs N] [--chunk-rows N] [--sizes N,N,…] [--no-sizes] [--out FILE]

Moves one organization between two embedded cells, in rotation with psql pipes and other peers on the same rows. --quick: 30,000 rows, two
rounds. Writes a JSON file (default: bench/results/latest.json, with --quick none) and prints Markdown.
`

async function bench(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      rows: { type: 'string' },
      rounds: { type: 'string' },
      jobs: { type: 'string', default: '4' },
      'chunk-rows': { type: 'string', default: '100000' },
      sizes: { type: 'string', default: '1000,100000' },
      'no-sizes': { type: 'boolean', default: false },
      out: { type: 'string' },
    },
  })
  const rows = Number(values.rows ?? (values.quick ? 30_000 : 1_000_000))
  const rounds = Number(values.rounds ?? (values.quick ? 2 : 5))
  const copy = { jobs: Number(values.jobs), chunkRows: Number(values['chunk-rows']) }
  if (![rows, rounds, copy.jobs, copy.chunkRows].every((n) => Number.isInteger(n) && n > 0)) {
    process.stderr.write(USAGE)
    process.exitCode = 2
    return
  }
  const folder = await mkdtemp(join(tmpdir(), 'org-mover-bench-'))
  try {
    const machine = await describeMachine()
    const psql = await findPsql()
    await using cells = await BenchCells.start()
    const mover = await Mover.configure(cells, join(folder, 'config.yaml'), copy)
    await cells.seedTemplate('target', 'template_b', 0)
    const results = await race({ cells, mover, rows, rounds, psql: psql?.path ?? null, say })
    const sizes = values['no-sizes'] || values.quick ? [] : await measureSizes({ cells, mover, sizes: sizesOf(values.sizes), rounds: Math.min(rounds, 3), say })
    const found = { machine, psql: psql?.version ?? null, postgres: cells.majorVersion, settings: BENCH_SETTINGS, rows, rounds, copy, ...results, sizes }
    process.stdout.write(`${report(found)}\n`)
    const out = values.out ?? (values.quick ? null : new URL('results/latest.json', import.meta.url))
    if (out !== null) {
      await mkdir(new URL('results/', import.meta.url), { recursive: true })
      await writeFile(out, `${JSON.stringify(found, null, 1)}\n`)
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Rows of the organizations whose time and memory are measured, smallest first. */
function sizesOf(text: string): readonly number[] {
  return text.split(',').map(Number).sort((a, b) => a - b)
}

function say(text: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`)
}

await bench()
