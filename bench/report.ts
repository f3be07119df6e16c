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

const PEERS = ['postgres_fdw', 'logical replication, initial sync', 'batched INSERT, read back']

/** Everything measured, as Markdown. */
export function report(found: Found): string {
  const { machine, movedRows, bytesCopied, rounds, copy } = found
  const by = new Map(found.figures.map((figure) => [figure.name, figure]))
  const of = (names: readonly string[]): readonly Figure[] => names.flatMap((name) => by.get(name) ?? [])
  const times = of(['prepare', 'freeze', 'copy', 'verify', 'cutover', 'window', 'whole move', 'pipe, keys on', 'pipe, replica role', ...PEERS])
  const peers = of(['pipe, keys on', 'pipe, replica role', 'batched INSERT, read back'])
  const costs = found.figures.filter((figure) => figure.name.includes(':'))
  const [copied, verified] = [by.get('copy'), by.get('verify')]
  return [
    `${machine.cores} cores (${machine.model}), ${machine.memoryGb} GB, ${machine.system}; PostgreSQL ${found.postgres}, ${found.psql ?? 'no psql: the pipes are missing'}, Node ${machine.node}; commit ${machine.commit ?? 'unknown'}; load average before the start ${machine.loadAverage}.`,
    `Settings of both servers: ${Object.entries(found.settings).map(([name, value]) => `${name} = ${value}`).join(', ')}.`,
    `One organization of ${movedRows.toLocaleString('en')} rows (${(bytesCopied / 2 ** 20).toFixed(0)} MB on the wire), ${rounds} rounds, jobs ${copy.jobs}, chunk_rows ${copy.chunkRows}.`,
    markdown(times, peers),
    found.missing.length === 0 ? '' : `Not measured: ${found.missing.join('; ')}.`,
    copied === undefined || verified === undefined ? '' : `verify ÷ copy: ${ratio(verified, copied).toFixed(2)}`,
    markdown(costs, []),
    markdown(of(['purge', 'plain DELETEs']), of(['plain DELETEs'])),
    sizesTable(found.sizes),
    clientCpu(found.sizes, costs),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
}

function sizesTable(sizes: readonly Size[]): string {
  if (sizes.length === 0) return ''
  const rows = sizes.map((size) => `| ${size.what} | ${size.rows} | ${median(size.seconds).toFixed(2)} s | ${median(size.windowSeconds).toFixed(2)} s | ${size.peakMb.length === 0 ? '' : `${Math.max(...size.peakMb)} MB`} | ${size.clientCpuSeconds.length === 0 ? '' : `${median(size.clientCpuSeconds).toFixed(2)} s`} |`)
  return ['| | rows | whole move | window | peak memory | client CPU |', '| --- | ---: | ---: | ---: | ---: | ---: |', ...rows].join('\n')
}

/** What a gigabyte more costs the client: between the smallest and the biggest organization of one program, so that starting it and asking catalogs does not count. */
function clientCpu(sizes: readonly Size[], costs: readonly Figure[]): string {
  const beside = sizes.filter(({ what, clientCpuSeconds }) => !what.startsWith('smallest') && clientCpuSeconds.length > 0).sort((a, b) => a.bytes - b.bytes)
  const [least, most] = [beside[0], beside.at(-1)]
  const pipe = costs.find(({ name }) => name === 'pipe, replica role: client CPU')
  if (least === undefined || most === undefined || most.bytes - least.bytes < 2 ** 20) return ''
  const perGb = (median(most.clientCpuSeconds) - median(least.clientCpuSeconds)) / ((most.bytes - least.bytes) / 2 ** 30)
  return `Client CPU for each GB more, between ${least.rows} and ${most.rows} rows: ${perGb.toFixed(1)} s${pipe === undefined ? '' : `; two psql for each table, their starts included: ${median(pipe.rounds).toFixed(2)} s for the race's rows`}.`
}
