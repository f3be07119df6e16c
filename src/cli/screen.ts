import type { TerminalOutput } from './host.js'
import { widthOf } from './style.js'

/** From the top, each line over what stood there: cleared first, the screen would flicker, and land in the scrollback every time. */
function over(lines: readonly string[]): string {
  return `\u001b[H${lines.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J`
}

/**
 * What stands on a terminal instead of what stood there: as many of the lines, from the first on, as it has room for. More would scroll
 * the first ones away, which say most. A line that is wrapped takes the room of several.
 */
export function screenOf(lines: readonly string[], { rows, columns }: Pick<TerminalOutput, 'rows' | 'columns'>): string {
  const heightOf = (line: string): number => Math.max(1, Math.ceil(widthOf(line) / Math.max(1, columns ?? 80)))
  const heights = lines.map(heightOf)
  // the cursor stands below the last line
  const room = Math.max(2, (rows ?? Infinity) - 1)
  if (heights.reduce((sum, height) => sum + height, 0) <= room) return over(lines)
  let left = room - 1
  const cut = heights.findIndex((height) => (left -= height) < 0)
  return over([...lines.slice(0, cut), `… and ${lines.length - cut} more line(s): a higher window shows them`])
}
