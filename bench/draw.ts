import { readFile, writeFile } from 'node:fs/promises'
import type { LinkResults } from './links.js'
import type { Found } from './report.js'
import { svg } from './plot.js'
import type { Plot, Point } from './plot.js'
import { median } from './table.js'

/** Plots of what the results say of scaling, beside them: `npm run bench:plots`. */
async function draw(): Promise<void> {
  const [latest, links] = [await results<Found>('latest'), await results<LinkResults>('links')]
  const plots: readonly (readonly [string, Plot])[] = [...(latest === null ? [] : byRows(latest)), ...(links === null ? [] : byLinks(links))]
  for (const [name, plot] of plots) await writeFile(new URL(`results/${name}.svg`, import.meta.url), svg(plot))
  process.stdout.write(`${plots.map(([name]) => `bench/results/${name}.svg`).join('\n')}\n`)
}

async function results<T>(name: string): Promise<T | null> {
  const text = await readFile(new URL(`results/${name}.json`, import.meta.url), 'utf8').catch(() => null)
  return text === null ? null : (JSON.parse(text) as T)
}

function point(x: number, rounds: readonly number[]): Point {
  return { x, y: median(rounds), range: [Math.min(...rounds), Math.max(...rounds)] }
}

function byRows({ sizes, figures, movedRows }: Found): readonly (readonly [string, Plot])[] {
  const beside = sizes.filter(({ what }) => !what.startsWith('smallest'))
  const of = (name: string): readonly Point[] => {
    const rounds = figures.find((figure) => figure.name === name)?.rounds ?? []
    return rounds.length === 0 ? [] : [point(movedRows, rounds)]
  }
  return [
    [
      'scaling-rows',
      {
        title: 'Time of a move by rows of the organization',
        x: 'rows',
        y: 'seconds',
        xLog: true,
        yLog: true,
        series: [
          { name: 'whole move', points: [...beside.map((size) => point(size.rows, size.seconds)), ...of('whole move')] },
          { name: 'window', points: [...beside.map((size) => point(size.rows, size.windowSeconds)), ...of('window')] },
        ],
      },
    ],
    [
      'memory-rows',
      { title: 'Memory of the mover by rows of the organization', x: 'rows', y: 'MB at the most', xLog: true, series: [{ name: 'peak memory', points: [...beside.map((size) => point(size.rows, size.peakMb)), ...of('move: peak memory')] }] },
    ],
  ]
}

function byLinks({ measured }: LinkResults): readonly (readonly [string, Plot])[] {
  const far = measured.filter(({ template }) => template === 'big')
  const many = measured.filter(({ template }) => template === 'many')
  const copies: Plot = {
    title: 'Copy of one big table by latency and jobs, 5 MB/s a connection',
    x: 'round trip, ms',
    y: 'seconds',
    series: [...new Set(far.map(({ jobs }) => jobs))].map((jobs) => ({ name: `${jobs} job${jobs === 1 ? '' : 's'}`, points: far.filter((one) => one.jobs === jobs).map((one) => point(one.roundTripMs, one.seconds['copy'] ?? [])) })),
  }
  const tables: Plot = {
    title: 'Time of a move by number of tables, round trip 1 ms',
    x: 'tables, of which 50 hold rows of the organization',
    y: 'seconds',
    series: ['whole move', 'prepare', 'freeze', 'copy', 'verify', 'cutover'].map((phase) => ({ name: phase, points: many.map((one) => point(one.tables, one.seconds[phase] ?? [])) })),
  }
  return [...(far.length > 1 ? [['scaling-latency', copies] as const] : []), ...(many.length > 1 ? [['scaling-tables', tables] as const] : [])]
}

await draw()
