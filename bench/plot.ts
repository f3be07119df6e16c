export interface Point {
  readonly x: number
  readonly y: number
  /** Lowest and highest of the rounds. */
  readonly range?: readonly [number, number]
}

export interface Series {
  readonly name: string
  readonly points: readonly Point[]
}

export interface Plot {
  readonly title: string
  readonly x: string
  readonly y: string
  readonly series: readonly Series[]
  /** Powers of ten on the x axis. */
  readonly xLog?: boolean
  readonly yLog?: boolean
}

const WIDTH = 720
const HEIGHT = 400
const BOX = { left: 70, right: 540, top: 40, bottom: 340 } as const
const COLOURS = ['#1b6ca8', '#c1440e', '#3a7d44', '#7b3f98', '#8a6d00', '#444444']

/** A plot of lines, as SVG that needs no fonts or scripts of its own. */
export function svg({ title, x, y, series, xLog = false, yLog = false }: Plot): string {
  const points = series.flatMap((one) => one.points)
  const across = axis(points.map((point) => point.x), xLog, [BOX.left, BOX.right])
  const upwards = axis(points.flatMap((point) => [point.y, ...(point.range ?? [])]), yLog, [BOX.bottom, BOX.top])
  const ticks = [
    ...across.ticks.map((value) => `<line x1="${across.at(value)}" y1="${BOX.top}" x2="${across.at(value)}" y2="${BOX.bottom}" stroke="#e4e4e4"/>${text(across.at(value), BOX.bottom + 18, shown(value), 'middle')}`),
    ...upwards.ticks.map((value) => `<line x1="${BOX.left}" y1="${upwards.at(value)}" x2="${BOX.right}" y2="${upwards.at(value)}" stroke="#e4e4e4"/>${text(BOX.left - 8, upwards.at(value) + 4, shown(value), 'end')}`),
  ]
  const lines = series.map((one, n) => {
    const colour = COLOURS[n % COLOURS.length] ?? '#000'
    const sorted = [...one.points].sort((a, b) => a.x - b.x)
    const path = sorted.map((point) => `${across.at(point.x)},${upwards.at(point.y)}`).join(' ')
    const marks = sorted.map((point) => {
      const [low, high] = point.range ?? [point.y, point.y]
      return `<line x1="${across.at(point.x)}" y1="${upwards.at(low)}" x2="${across.at(point.x)}" y2="${upwards.at(high)}" stroke="${colour}"/><circle cx="${across.at(point.x)}" cy="${upwards.at(point.y)}" r="3.5" fill="${colour}"/>`
    })
    const row = BOX.top + 8 + n * 22
    return `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${marks.join('')}<line x1="${BOX.right + 16}" y1="${row}" x2="${BOX.right + 40}" y2="${row}" stroke="${colour}" stroke-width="2"/>${text(BOX.right + 46, row + 4, one.name)}`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(BOX.left, 24, title, 'start', 15),
    ...ticks,
    `<rect x="${BOX.left}" y="${BOX.top}" width="${BOX.right - BOX.left}" height="${BOX.bottom - BOX.top}" fill="none" stroke="#888888"/>`,
    ...lines,
    text((BOX.left + BOX.right) / 2, BOX.bottom + 42, x, 'middle'),
    `<g transform="translate(18 ${(BOX.top + BOX.bottom) / 2}) rotate(-90)">${text(0, 0, y, 'middle')}</g>`,
    '</svg>',
    '',
  ].join('\n')
}

interface Axis {
  readonly ticks: readonly number[]
  at(value: number): number
}

/** From the lowest to the highest tick; one that is not logarithmic begins at nothing. */
function axis(values: readonly number[], isLog: boolean, [from, to]: readonly [number, number]): Axis {
  const most = Math.max(...values)
  const ticks = isLog ? powers(Math.min(...values.filter((value) => value > 0)), most) : steps(most)
  const scale = (value: number): number => (isLog ? Math.log10(value) : value)
  const [first, last] = [scale(ticks[0] ?? 0), scale(ticks.at(-1) ?? 1)]
  return { ticks, at: (value) => Math.round((from + ((scale(value) - first) / (last - first)) * (to - from)) * 10) / 10 }
}

function powers(least: number, most: number): readonly number[] {
  const [low, high] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))]
  return Array.from({ length: Math.max(1, high - low) + 1 }, (_, n) => 10 ** (low + n))
}

function steps(most: number): readonly number[] {
  const power = 10 ** Math.floor(Math.log10(most / 4))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => most / size <= 6) ?? power * 10
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, n) => n * step)
}

function shown(value: number): string {
  if (value >= 1_000_000) return `${value / 1_000_000} M`
  if (value >= 1_000) return `${value / 1_000} k`
  return String(Math.round(value * 1000) / 1000)
}

function text(x: number, y: number, what: string, anchor = 'start', size = 12): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" font-size="${size}">${what.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text>`
}
