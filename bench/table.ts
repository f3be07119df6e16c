/** One measured quantity: all its rounds, and what it is compared with. */
export interface Figure {
  readonly name: string
  readonly unit: 's' | 'MB' | 'rows/s'
  readonly rounds: readonly number[]
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const high = sorted[Math.floor(middle)] ?? Number.NaN
  return sorted.length % 2 === 1 ? high : (high + (sorted[middle - 1] ?? Number.NaN)) / 2
}

/** Of the quotients round by round: what slowed the machine in one round slowed both. */
export function ratio(figure: Figure, peer: Figure): number {
  return median(figure.rounds.map((value, n) => value / (peer.rounds[n] ?? Number.NaN)))
}

/** A Markdown table; `peers` are the columns of ratios. */
export function markdown(figures: readonly Figure[], peers: readonly Figure[]): string {
  const head = ['', 'median', 'min – max', ...peers.map((peer) => `÷ ${peer.name}`)]
  const rows = figures.map((figure) => [
    figure.name,
    `${number(median(figure.rounds))} ${figure.unit}`,
    `${number(Math.min(...figure.rounds))} – ${number(Math.max(...figure.rounds))}`,
    ...peers.map((peer) => (peer.unit === figure.unit ? ratio(figure, peer).toFixed(2) : '')),
  ])
  return [head, ['---', ...head.slice(1).map(() => '---:')], ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
