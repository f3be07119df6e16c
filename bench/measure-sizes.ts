import { BIG_ORGANIZATION, SMALL_ORGANIZATION } from './cells.js'
import type { BenchCells } from './cells.js'
import { secondsOf } from './mover.js'
import type { Mover } from './mover.js'

export interface Size {
  readonly what: string
  readonly rows: number
  readonly seconds: readonly number[]
  readonly windowSeconds: readonly number[]
  readonly peakMb: readonly number[]
  readonly clientCpuSeconds: readonly number[]
  readonly bytes: number
}

export interface SizesOptions {
  readonly cells: BenchCells
  readonly mover: Mover
  /** Rows of the organizations, smallest first. */
  readonly sizes: readonly number[]
  readonly rounds: number
  readonly say: (text: string) => void
}

/** Wall time and peak memory by the size of the organization; and of the smallest one beside the biggest neighbour. */
export async function measureSizes({ cells, mover, sizes, rounds, say }: SizesOptions): Promise<readonly Size[]> {
  const found: Size[] = []
  for (const size of sizes) {
    say(`an organization of ${size} rows`)
    await cells.seedTemplate('source', `template_${size}`, size)
    found.push(await measureSize({ mover, rounds, template: `template_${size}`, org: BIG_ORGANIZATION, what: 'organization beside 20 small ones' }))
  }
  say('a small organization beside the big one')
  found.push(await measureSize({ mover, rounds, template: 'template_a', org: SMALL_ORGANIZATION, what: 'smallest organization beside the biggest' }))
  return found
}

async function measureSize({ mover, rounds, template, org, what }: { readonly mover: Mover; readonly rounds: number; readonly template: string; readonly org: string; readonly what: string }): Promise<Size> {
  const seconds: number[] = []
  const windowSeconds: number[] = []
  const peakMb: number[] = []
  const clientCpuSeconds: number[] = []
  let [rows, bytes] = [0, 0]
  for (let round = 0; round < rounds; round++) {
    await mover.reset(template)
    const { document, measured } = await mover.move(org)
    rows = document.verification.rows
    bytes = document.bytesCopied
    if (measured.cpuSeconds !== null) clientCpuSeconds.push(rounded(measured.cpuSeconds))
    seconds.push(measured.seconds)
    windowSeconds.push(secondsOf(document, 'freeze', 'copy', 'verify', 'cutover'))
    if (measured.peakBytes !== null) peakMb.push(measured.peakBytes / 2 ** 20)
  }
  return { what, rows, seconds: seconds.map(rounded), windowSeconds: windowSeconds.map(rounded), peakMb: peakMb.map(Math.round), clientCpuSeconds, bytes }
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}
