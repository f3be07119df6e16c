import { finding } from './finding.js'
import type { Finding } from './finding.js'

/** One measure of what a cell has room for. */
export interface RoomFor {
  readonly need: number
  readonly free: number
  /** How `free` is known. */
  readonly by: string
}

/** What the organization needs on the target, beside what is known of the room there. */
export interface Room {
  /** An estimate: rows as they are stored, with their share of indexes. */
  readonly needBytes: number
  readonly bytes: readonly RoomFor[]
  readonly organizations: readonly RoomFor[]
}

/** An error for each measure by which the organization does not fit. Pure. */
export function roomFindings(cell: string, { bytes, organizations }: Room): readonly Finding[] {
  const full = (text: string): Finding =>
    finding('OM2135', 'error', { cell }, { message: text, hint: `make room on ${cell}, correct cells.${cell}.capacity, or move the organization to another cell` })
  return [
    ...bytes.filter(({ need, free }) => need > free).map(({ need, free, by }) => full(`the organization needs about ${counted(need)} bytes on ${cell}, indexes included, and ${cell} has room for ${counted(free)} (${by})`)),
    ...organizations.filter(({ need, free }) => need > free).map(({ free, by }) => full(`one more organization does not fit on ${cell}, which has room for ${counted(free)} (${by})`)),
  ]
}

function counted(count: number): string {
  return Math.max(0, Math.floor(count)).toLocaleString('en-US')
}
