import { widthOf } from './style.js'
import { wrapped } from './wrap.js'

export interface TableColumn {
  readonly title: string
  readonly align?: 'left' | 'right'
}

const NARROWEST_COLUMN = 16

/**
 * Aligned columns, two spaces apart, without trailing blanks. Columns that are empty throughout are left out. Where a row is wider
 * than `width`, its last cell goes on beneath itself.
 */
export function textTable(columns: readonly TableColumn[], rows: readonly (readonly string[])[], title: (text: string) => string = (text) => text, width = Number.POSITIVE_INFINITY): readonly string[] {
  const used = columns.map((column, index) => ({ ...column, index })).filter(({ index }) => rows.some((row) => (row[index] ?? '') !== ''))
  const widths = used.map(({ title: heading, index }) => Math.max(widthOf(heading), ...rows.map((row) => widthOf(row[index] ?? ''))))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, position) => {
        const padding = ' '.repeat(Math.max(0, (widths[position] ?? 0) - widthOf(cell)))
        return used[position]?.align === 'right' ? padding + cell : cell + padding
      })
      .join('  ')
      .trimEnd()
  const before = widths.slice(0, -1).reduce((sum, one) => sum + one + 2, 0)
  const wrappedLine = (cells: readonly string[]): readonly string[] => {
    const [last = '', ...more] = wrapped(cells.at(-1) ?? '', Math.max(width, before + NARROWEST_COLUMN), before)
    return [line([...cells.slice(0, -1), last]), ...more]
  }
  return [title(line(used.map((column) => column.title))), ...rows.flatMap((row) => wrappedLine(used.map(({ index }) => row[index] ?? '')))]
}

interface Fitting {
  readonly width: number
  /** Titles of columns that a narrow terminal does without, one after the other. */
  readonly dispensable: readonly string[]
  readonly title: (text: string) => string
}

/** The table with as many of its columns as the width allows. */
export function fittingTable(columns: readonly TableColumn[], rows: readonly (readonly string[])[], { width, dispensable, title }: Fitting): readonly string[] {
  const lines = textTable(columns, rows, title)
  const [first, ...others] = dispensable
  if (first === undefined || Math.max(...lines.map(widthOf)) <= width) return lines
  const kept = columns.flatMap((column, index) => (column.title === first ? [] : [index]))
  return fittingTable(kept.flatMap((index) => columns[index] ?? []), rows.map((row) => kept.map((index) => row[index] ?? '')), { width, dispensable: others, title })
}
