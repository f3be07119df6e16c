import type { Machine } from './machine.js'
import type { Size } from './measure-sizes.js'
import type { RaceResults } from './race.js'
import { markdown, median, ratio } from './table.js'
import type { Figure } from './table.js'

export interface Found extends RaceResults {
  readonly machine: Machine
  readonly psql: string | null
  readonly postgres: number
  readonly settings: Readonly<Record<string, string>>
  readonly rows: number
  readonly rounds: number
  readonly copy: { readonly jobs: number; readonly chunkRows: number }
  readonly sizes: readonly Size[]
}

/** Everything measured, as Markdown. */
export function report(found: Found): string {
  const { machine, movedRows, bytesCopied, rounds, copy } = found
  const by = new Map(found.figures.map((figure) => [figure.name, figure]))
  const of = (names: readonly string[]): readonly Figure[] => names.flatMap((name) => by.get(name) ?? [])
  const times = of(['prepare', 'freeze', 'copy', 'verify', 'cutover', 'window', 'whole move', 'pipe, keys on', 'pipe, replica role'])
  const peers = of(['pipe, keys on', 'pipe, replica role'])
  const costs = found.figures.filter((figure) => figure.name.includes(':'))
  const [copied, verified] = [by.get('copy'), by.get('verify')]
  return [
    `${machine.cores} cores (${machine.model}), ${machine.memoryGb} GB, ${machine.system}; PostgreSQL ${found.postgres}, ${found.psql ?? 'no psql: the pipes are missing'}, Node ${machine.node}; commit ${machine.commit ?? 'unknown'}; load average before the start ${machine.loadAverage}.`,
    `Settings of both servers: ${Object.entries(found.settings).map(([name, value]) => `${name} = ${value}`).join(', ')}.`,
    `One organization of ${movedRows.toLocaleString('en')} rows (${(bytesCopied / 2 ** 20).toFixed(0)} MB on the wire), ${rounds} rounds, jobs ${copy.jobs}, chunk_rows ${copy.chunkRows}.`,
    markdown(times, peers),
    copied === undefined || verified === undefined ? '' : `verify ÷ copy: ${ratio(verified, copied).toFixed(2)}`,
    markdown(costs, []),
    markdown(of(['purge', 'plain DELETEs']), of(['plain DELETEs'])),
    sizesTable(found.sizes),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

function sizesTable(sizes: readonly Size[]): string {
  if (sizes.length === 0) return ''
  const rows = sizes.map((size) => `| ${size.what} | ${size.rows} | ${median(size.seconds).toFixed(2)} s | ${median(size.windowSeconds).toFixed(2)} s | ${size.peakMb.length === 0 ? '' : `${Math.max(...size.peakMb)} MB`} |`)
  return ['| | rows | whole move | window | peak memory |', '| --- | ---: | ---: | ---: | ---: |', ...rows].join('\n')
}
