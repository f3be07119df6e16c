/** All that outlives a process: the control database, both cells, the route. Plain JSON, so that it can be copied and compared. */
export interface World {
  move: ModelMove | null
  runs: { readonly phase: string; outcome: string | null }[]
  /** Cells on which something is on record. */
  created: string[]
  chunks: ModelChunk[]
  readonly cells: { readonly a: ModelCell; readonly b: ModelCell }
  route: { cell: string; epoch: number; flips: number }
  /** Keys of rows whose writers were told that they are stored. */
  acknowledged: string[]
}

export type CellName = keyof World['cells']

export interface ModelMove {
  readonly id: string
  state: string
  phase: string | null
  epoch: number
  leaseHolder: string | null
  /** Its holder has been silent for too long. */
  leaseIsOver: boolean
  routeEpoch: number | null
  verification: Record<string, unknown> | null
  hasPlan: boolean
  manifest: Record<string, unknown>
  instants: Record<'frozenAt' | 'thawedAt' | 'cutOverAt' | 'endedAt' | 'retentionUntil', boolean>
}

export interface ModelChunk {
  readonly tableNo: number
  readonly chunkNo: number
  rows: number | null
  loaded: boolean
  verified: boolean
  purged: boolean
  source: unknown
  target: unknown
  stored: unknown
}

export interface ModelCell {
  installed: boolean
  guard: number | null
  /** Body of the fence's function, once there is one. */
  fence: 'rejects' | 'lets pass' | null
  /** Tables that bear the fence's triggers. */
  triggers: string[]
  ledger: { readonly tableNo: number; readonly chunkNo: number; readonly rows: number; keys: string }[]
  /** Keys of the organization's rows. */
  rows: Record<string, string[]>
}

export const TABLES = ['parents', 'children'] as const

export function newWorld(): World {
  const cell = (rows: World['cells']['a']['rows']): ModelCell => ({ installed: false, guard: null, fence: null, triggers: [], ledger: [], rows })
  return {
    move: null,
    runs: [],
    created: [],
    chunks: [],
    cells: { a: cell({ parents: ['1'], children: ['2'] }), b: cell({ parents: [], children: [] }) },
    route: { cell: 'a', epoch: 1, flips: 0 },
    acknowledged: ['1', '2'],
  }
}

export function copyOf(world: World): World {
  return JSON.parse(JSON.stringify(world)) as World
}

/** Whether a session of the application can write rows of the organization into a table. */
function accepts(cell: ModelCell, table: string): boolean {
  return !(cell.fence === 'rejects' && cell.triggers.includes(table))
}

function acceptsAny(cell: ModelCell): boolean {
  return TABLES.some((table) => accepts(cell, table))
}

export function rowsOf(cell: ModelCell): readonly string[] {
  return TABLES.flatMap((table) => cell.rows[table] ?? [])
}

/** A client of the organization writes where routing sends it, or is told that it cannot. */
export function writeByClient(world: World): void {
  const cell = world.route.cell === 'a' ? world.cells.a : world.cells.b
  if (world.acknowledged.includes('9') || !accepts(cell, 'parents')) return
  cell.rows['parents'] = [...(cell.rows['parents'] ?? []), '9']
  world.acknowledged.push('9')
}

export function canWrite(world: World): boolean {
  return !world.acknowledged.includes('9') && accepts(world.route.cell === 'a' ? world.cells.a : world.cells.b, 'parents')
}

/** Equal for worlds that no later process can tell apart: ids, instants and the height of epochs do not matter, their order does. */
export function keyOf(world: World): string {
  const { move, cells } = world
  const done = [...new Set(world.runs.filter((run) => run.outcome === 'done').map((run) => run.phase))].sort()
  const cell = (one: ModelCell): unknown => ({ ...one, guard: one.guard === null ? null : one.guard === move?.epoch ? 'now' : 'before' })
  return JSON.stringify([
    move === null ? null : { ...move, id: 0, epoch: 0, routeEpoch: 0, leaseHolder: 0, leaseIsOver: 0, phase: 0, verification: move.verification?.['verdict'], manifest: { ...move.manifest, pass: 0, routeEpochAfter: 0 } },
    done,
    [...world.created].sort(),
    world.chunks,
    cell(cells.a),
    cell(cells.b),
    { ...world.route, epoch: move?.routeEpoch == null ? 0 : Math.min(2, world.route.epoch - move.routeEpoch) },
    world.acknowledged,
  ])
}

/** Where it began, or where an undisturbed move ends: nothing of the mover is left, and one cell holds all that clients wrote. */
export function isOver({ move, cells, route, acknowledged }: World): boolean {
  const [serving, other] = route.cell === 'a' ? [cells.a, cells.b] : [cells.b, cells.a]
  const isClean = [serving, other].every((cell) => !cell.installed && cell.guard === null && cell.fence === null && cell.triggers.length === 0 && cell.ledger.length === 0)
  const holdsAll = [...rowsOf(serving)].sort().join() === [...acknowledged].sort().join() && rowsOf(other).length === 0
  return isClean && holdsAll && move?.state === (route.cell === 'a' ? 'aborted' : 'completed')
}

/** The promises that hold at every instant. Yields what is broken. */
export function brokenPromises(world: World, options: { readonly oneTransaction: boolean; readonly mayPurge: boolean }): readonly string[] {
  const { move, cells, route } = world
  const broken: string[] = []
  const [serving, other] = route.cell === 'a' ? [cells.a, cells.b] : [cells.b, cells.a]
  const missing = world.acknowledged.filter((key) => !rowsOf(serving).includes(key))
  if (missing.length > 0) broken.push(`P1: ${route.cell} serves and lacks ${missing.join(', ')}`)
  if (acceptsAny(cells.a) && acceptsAny(cells.b) && rowsOf(other).length > 0) broken.push('P3: both cells accept writes and hold rows')
  if (route.cell === 'b' && acceptsAny(cells.a) && rowsOf(cells.a).length > 0) broken.push('P3: the source accepts writes after the flip')
  const isCutOver = move?.instants.cutOverAt === true
  if (route.flips !== (route.cell === 'b' ? 1 : 0)) broken.push(`P7: the route flipped ${route.flips} times and is on ${route.cell}`)
  if (isCutOver && route.cell !== 'b') broken.push('P7: cut over by the journal, not by the route')
  if (!isCutOver && route.cell === 'b' && (options.oneTransaction || move?.manifest['flipping'] !== true)) broken.push('P7: flipped, and the journal does not know')
  if (route.cell === 'b' && (move?.verification?.['verdict'] !== 'equal' || world.chunks.some((chunk) => !chunk.verified || !chunk.loaded))) broken.push('P1: flipped without a verification that passed')
  const lost = ['1', '2'].filter((key) => !rowsOf(cells.a).includes(key))
  if (lost.length > 0 && !(isCutOver && route.cell === 'b' && move.verification?.['verdict'] === 'equal' && (options.mayPurge || move.state === 'purging' || move.state === 'completed'))) broken.push('P9: rows of the source are gone')
  return broken
}
