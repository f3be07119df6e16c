import { widthOf } from './style.js'

export interface TableColumn {
  readonly title: string
  readonly align?: 'left' | 'right'
}

/** Aligned columns, two spaces apart, without trailing blanks. Columns that are empty throughout are left out. */
export function textTable(columns: readonly TableColumn[], rows: readonly (readonly string[])[], title: (text: string) => string = (text) => text): readonly string[] {
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
  return [title(line(used.map((column) => column.title))), ...rows.map((row) => line(used.map(({ index }) => row[index] ?? '')))]
}
