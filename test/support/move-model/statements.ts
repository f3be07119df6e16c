import { MoverError } from '../../../src/domain/errors.js'
import { PLAN } from './plan.js'
import type { CellName, ModelCell, ModelMove, World } from './world.js'

/** A statement as the program sends it: its file's name, what fills its places, its parameters. */
export interface Statement {
  readonly name: string
  readonly parts: Readonly<Record<string, string>>
  readonly params: readonly unknown[]
  /** The table of the organization that it names, if any. */
  readonly table: string
}

export type Row = Readonly<Record<string, unknown>>

export interface Meaning {
  readonly rows?: readonly Row[]
  readonly count?: number
  /** What it changes, once its transaction commits. */
  readonly change?: (world: World) => void
  /** What its transaction holds until its end. */
  readonly lock?: 'guard' | 'move'
  /** Ends other drivers' sessions whose names begin so. */
  readonly ends?: { readonly prefix: string; readonly except: string }
}

const NOTHING: Meaning = {}

export type Database = CellName | 'control' | 'routing'

/** What a statement reads and does, as its file in `sql/` documents it. Unknown statements fail the test. */
export function meaningOf(world: World, database: Database, statement: Statement): Meaning {
  const found = database === 'control' || database === 'routing' ? (routing(world, statement) ?? journal(world, statement)) : cellStatement(world, database, statement)
  if (found !== null) return found
  throw new Error(`the model does not know the statement ${statement.name} on ${database}`)
}

function routing(world: World, { name, params }: Statement): Meaning | null {
  switch (name) {
    case 'routing/columns':
      return { rows: ['org', 'cell', 'epoch'].map((column) => ({ name: column, type: 'text' })) }
    case 'routing/read':
      return { rows: [{ cell: world.route.cell, epoch: String(world.route.epoch) }] }
    case 'routing/flip': {
      const [, to, from, epoch] = params
      if (world.route.cell !== from || String(world.route.epoch) !== epoch) return { rows: [] }
      return { rows: [{ epoch: String(world.route.epoch + 1) }], change: (now) => (now.route = { cell: String(to), epoch: now.route.epoch + 1, flips: now.route.flips + (to === now.route.cell ? 0 : 1) }) }
    }
    default:
      return null
  }
}

function journal(world: World, statement: Statement): Meaning | null {
  const { name, params } = statement
  const move = world.move
  switch (name) {
    case 'SELECT set_config':
    case 'SET LOCAL':
    case 'SET CONSTRAINTS':
    case 'routing/way-out':
    case 'journal/end-session':
    case 'journal/retaining-move':
    case 'journal/put-tables':
      return name === 'journal/put-tables' ? held(world, params, () => undefined) : { rows: [] }
    case 'journal/create-move': {
      if (move !== null && !['completed', 'aborted'].includes(move.state)) return { rows: [] }
      const begun: ModelMove = { id: String(params[0]), state: 'created', phase: null, epoch: 0, leaseHolder: null, leaseIsOver: false, routeEpoch: null, verification: null, hasPlan: false, manifest: {}, instants: { frozenAt: false, thawedAt: false, cutOverAt: false, endedAt: false, retentionUntil: false } }
      return { rows: [recordOf(begun)], change: (now) => (now.move = begun) }
    }
    case 'journal/load-moves':
      return { rows: move === null ? [] : [recordOf(move)] }
    case 'journal/active-move':
      return { rows: move === null ? [] : [{ id: move.id, state: move.state, source: 'a', target: 'b' }] }
    case 'journal/acquire-lease': {
      if (move === null || (move.leaseHolder !== null && !move.leaseIsOver)) return { rows: [] }
      const change = (now: World): void => {
        if (now.move === null) return
        now.move.epoch += 1
        now.move.leaseHolder = String(params[1])
        now.move.leaseIsOver = false
        for (const run of now.runs) run.outcome ??= 'interrupted'
      }
      return { rows: [{ epoch: String(move.epoch + 1) }], change, lock: 'move' }
    }
    case 'journal/release-lease':
      return isHeld(world, params) ? { rows: [{ held: 1 }], lock: 'move', change: (now) => now.move !== null && (now.move.leaseHolder = null) } : { rows: [] }
    case 'journal/lease-holder':
      return { rows: move === null ? [] : [{ holder: move.leaseHolder, until: null, seconds_left: move.leaseIsOver ? -1 : 100 }] }
    case 'guard/terminate-older':
      return { rows: [{ ended: 0 }], ends: { prefix: String(params[0]), except: String(params[1]) } }
    case 'journal/list-phase-runs':
      return { rows: world.runs.map((run) => ({ ...run, started_at: new Date(0), ended_at: new Date(0), seconds: 0, driver: null, version: null })) }
    case 'journal/rates':
    case 'journal/list-tables':
    case 'journal/list-participants':
    case 'journal/list-events':
    case 'journal/throttle':
      return { rows: [] }
    case 'journal/list-created':
      return { rows: world.created.filter((cell) => params[1] === null || params[1] === cell).map((cell) => ({ cell, database: 'main', kind: 'move', name: move?.id })) }
    case 'journal/list-chunks':
      return { rows: world.chunks.map((chunk) => ({ table_no: chunk.tableNo, chunk_no: chunk.chunkNo, lower: null, upper: null, rows: chunk.rows === null ? null : String(chunk.rows), loaded: chunk.loaded, verified: chunk.verified, purged: chunk.purged, source_fingerprint: chunk.source, target_fingerprint: chunk.target, stored_fingerprint: chunk.stored, bytes: '0' })) }
    default:
      return heldStatement(world, statement)
  }
}

/** Writes that name the move and the epoch of who drives it. */
function heldStatement(world: World, { name, params }: Statement): Meaning | null {
  switch (name) {
    case 'journal/update-move': {
      const patch = JSON.parse(String(params[2])) as Record<string, unknown>
      return held(world, params, (_, move) => {
        if (typeof patch['state'] === 'string') move.state = patch['state']
        if ('phase' in patch) move.phase = typeof patch['phase'] === 'string' ? patch['phase'] : null
        if ('routeEpoch' in patch) move.routeEpoch = Number(patch['routeEpoch'])
        if ('plan' in patch) move.hasPlan = true
        Object.assign(move.manifest, patch['manifest'])
        if ('verification' in patch) move.verification = { ...move.verification, ...(patch['verification'] as object) }
        for (const instant of ['frozenAt', 'thawedAt', 'cutOverAt', 'endedAt'] as const) if (instant in patch) move.instants[instant] = true
        if ('retentionMs' in patch) move.instants.retentionUntil = true
      })
    }
    case 'journal/start-phase':
      return held(world, params, (now, move) => {
        for (const run of now.runs) run.outcome ??= 'interrupted'
        move.phase = String(params[2])
        now.runs.push({ phase: String(params[2]), outcome: null })
      })
    case 'journal/end-phase':
      return held(world, params, (now) => {
        for (const run of now.runs) if (run.phase === params[2]) run.outcome ??= String(params[3])
      })
    case 'journal/append-event-held':
    case 'journal/set-table-state':
    case 'journal/tell-throttle':
      return held(world, params, () => undefined)
    case 'journal/record-created': {
      const objects = JSON.parse(String(params[2])) as { readonly cell: string }[]
      return held(world, params, (now) => (now.created = [...new Set([...now.created, ...objects.map((object) => object.cell)])]))
    }
    case 'journal/mark-removed': {
      const objects = JSON.parse(String(params[2])) as { readonly cell: string }[]
      return held(world, params, (now) => (now.created = now.created.filter((cell) => !objects.some((object) => object.cell === cell))))
    }
    case 'journal/put-chunks': {
      const chunks = JSON.parse(String(params[2])) as { readonly table_no: number; readonly chunk_no: number; readonly rows: number | null }[]
      return held(world, params, (now) => {
        for (const { table_no, chunk_no, rows } of chunks) {
          if (now.chunks.some((chunk) => chunk.tableNo === table_no && chunk.chunkNo === chunk_no)) continue
          now.chunks.push({ tableNo: table_no, chunkNo: chunk_no, rows, loaded: false, verified: false, purged: false, source: null, target: null, stored: null })
        }
      })
    }
    case 'journal/mark-chunks': {
      const marks = JSON.parse(String(params[5])) as Record<string, unknown>[]
      const change = (now: World): void => {
        for (const mark of marks) {
          const chunk = now.chunks.find((one) => one.tableNo === params[2] && one.chunkNo === mark['chunk_no'])
          if (chunk === undefined) continue
          for (const flag of ['loaded', 'verified', 'purged'] as const) if (typeof mark[flag] === 'boolean') chunk[flag] = mark[flag]
          if (typeof mark['rows'] === 'number') chunk.rows = mark['rows']
          chunk.source = mark['source_fingerprint'] ?? chunk.source
          chunk.target = mark['target_fingerprint'] ?? chunk.target
          chunk.stored = mark['stored_fingerprint'] ?? chunk.stored
        }
      }
      const meaning = held(world, params, change)
      return { ...meaning, rows: meaning.rows?.map((row) => ({ ...row, chunks: marks.length, pause_requested: false })) ?? [] }
    }
    default:
      return null
  }
}

function isHeld(world: World, params: readonly unknown[]): boolean {
  return world.move !== null && world.move.id === params[0] && String(world.move.epoch) === params[1]
}

function held(world: World, params: readonly unknown[], change: (now: World, move: ModelMove) => void): Meaning {
  if (!isHeld(world, params)) return { rows: [{ held: 0 }] }
  return { rows: [{ held: 1 }], lock: 'move', change: (now) => now.move !== null && change(now, now.move) }
}

function cellStatement(world: World, name: CellName, statement: Statement): Meaning | null {
  const { parts, params, table } = statement
  const cell = world.cells[name]
  const on = (change: (cell: ModelCell) => void): ((now: World) => void) => (now) => change(now.cells[name])
  const tableNo = PLAN.owned.find((one) => one.id.name === table)?.no ?? 0
  switch (statement.name) {
    case 'guard/terminate-older':
      return { rows: [{ ended: 0 }], ends: { prefix: String(params[0]), except: String(params[1]) } }
    case 'cell/is-installed':
      return { rows: [{ installed: cell.installed }] }
    case 'CREATE SCHEMA':
      return { change: on((now) => (now.installed = true)) }
    case 'guard/upsert': {
      const epoch = Number(params[3])
      return cell.guard === null || cell.guard <= epoch ? { rows: [{ pass: params[4] }], lock: 'guard', change: on((now) => (now.guard = epoch)) } : { rows: [] }
    }
    case 'guard/hold':
      return { rows: cell.guard === Number(params[1]) ? [{ held: 1 }] : [], lock: 'guard' }
    case 'guard/remove':
      return { change: on((now) => (now.guard = null)) }
    case 'cell/in-use':
      return { rows: [{ moves: cell.guard === null ? 0 : 1 }] }
    case 'cell/drop-bookkeeping':
      return { change: on((now) => (now.installed = false)) }
    case 'cell/schema-is-empty':
      return { rows: [{ empty: true }] }
    case 'cell/leftovers':
      return { rows: [...(cell.fence === null ? [] : [{ kind: 'function', schema: 'org_mover', name: 'fence', table: null }]), ...cell.triggers.map((one) => ({ kind: 'trigger', schema: 'public', name: 'fence', table: one }))] }
    case 'fence/function':
      return { change: on((now) => (now.fence = 'rejects')) }
    case 'fence/lifted':
      return { change: on((now) => (now.fence = 'lets pass')) }
    case 'fence/trigger':
      return { change: on((now) => (now.triggers = [...new Set([...now.triggers, table])])) }
    case 'DROP TRIGGER':
      return { change: on((now) => (now.triggers = now.triggers.filter((one) => !(parts['text'] ?? '').includes(one)))) }
    case 'DROP FUNCTION':
      return { change: on((now) => (now.fence = null)) }
    case 'fence/existing':
      return { rows: cell.triggers.flatMap((one) => ['new', 'old', 'skip', 'truncate'].map((kind) => ({ schema: 'public', table: one, name: `${String(params[0])}${kind}`, enabled: 'O' }))) }
    case 'verify/server':
      return { rows: [{ system_identifier: name, timeline: 1, lsn: '0/0', flushed: '0/0', version: '17.0' }] }
    case 'ledger/loaded':
      return { rows: cell.ledger.map((chunk) => ({ table_no: chunk.tableNo, chunk_no: chunk.chunkNo, rows: String(chunk.rows) })) }
    case 'ledger/has':
      return { rows: cell.ledger.filter((chunk) => chunk.tableNo === params[1] && chunk.chunkNo === params[2]).map((chunk) => ({ rows: String(chunk.rows) })) }
    case 'ledger/add':
      return { change: on((now) => now.ledger.push({ tableNo: Number(params[1]), chunkNo: Number(params[2]), rows: Number(params[3]), keys: '' })) }
    case 'ledger/add-keys':
      return { change: on((now) => now.ledger.forEach((chunk) => chunk.tableNo === params[1] && chunk.chunkNo === params[2] && (chunk.keys = String(params[4])))) }
    case 'ledger/forget':
      return { change: on((now) => (now.ledger = now.ledger.filter((chunk) => chunk.tableNo !== params[1] || chunk.chunkNo !== params[2]))) }
    case 'ledger/forget-move':
      return { change: on((now) => (now.ledger = [])) }
    case 'ledger/delete-rows': {
      const keys = keysOf(cell, tableNo)
      const gone = (cell.rows[table] ?? []).filter((key) => keys.includes(key))
      return { count: gone.length, change: on((now) => (now.rows[table] = (now.rows[table] ?? []).filter((key) => !keys.includes(key)))) }
    }
    case 'chunk/count-owned':
      return { rows: PLAN.owned.map((one) => ({ no: one.no, rows: String(cell.rows[one.id.name]?.length ?? 0) })) }
    case 'chunk/keys':
      return { rows: [{ rows: String(cell.rows[table]?.length ?? 0), k1: (cell.rows[table] ?? []).join() }] }
    case 'chunk/fingerprint': {
      const rows = (cell.rows[table] ?? []).filter((key) => !(parts['from'] ?? '').includes('ledger_keys') || keysOf(cell, tableNo).includes(key))
      return { rows: [fingerprintOf(rows)] }
    }
    case 'purge/batch-fingerprint': {
      const held = PLAN.owned.find(({ no }) => (parts['relation'] ?? '').endsWith(`_${no}`))?.id.name ?? ''
      return { rows: [fingerprintOf(cell.rows[held] ?? [])] }
    }
    case 'model/read':
      return { rows: (cell.rows[String(params[0])] ?? []).map((key) => ({ key })) }
    case 'model/write':
      return { change: on((now) => (now.rows[String(params[0])] = [...(now.rows[String(params[0])] ?? []), ...(params[1] as string[])])) }
    case 'purge/delete-batch':
      return { count: cell.rows[table]?.length ?? 0, change: on((now) => (now.rows[table] = [])) }
    case 'SELECT pg_advisory_xact_lock':
    case 'fence/subscribed':
    case 'fence/open-transactions':
    case 'copy/analyze':
    case 'purge/firing':
    case 'prepare/unwritable':
    case 'copy/row-estimates':
    case 'purge/hold-batch':
    case 'purge/lock-batch':
    case 'ANALYZE':
    case 'DROP SCHEMA':
      return { ...NOTHING, rows: [] }
    case 'SELECT relation':
      return { rows: [] }
    case "SELECT coalesce":
      return { rows: [{ there: true }] }
    default:
      return null
  }
}

function fingerprintOf(rows: readonly string[]): Row {
  return { rows: String(rows.length), a: rows.toSorted().join(), b: '' }
}

function keysOf(cell: ModelCell, tableNo: number): readonly string[] {
  return cell.ledger.filter((chunk) => chunk.tableNo === tableNo).flatMap((chunk) => chunk.keys.split(','))
}

function recordOf(move: ModelMove): Row {
  const instant = (name: keyof ModelMove['instants']): Date | null => (move.instants[name] ? new Date(4e12) : null)
  return {
    id: move.id, org: '42', source: 'a', target: 'b', state: move.state, phase: move.phase, pause_before: null, epoch: String(move.epoch), lease_holder: move.leaseHolder, lease_until: null,
    route_epoch: move.routeEpoch === null ? null : String(move.routeEpoch), verification: move.verification, findings: [], error: null, created_at: new Date(0), updated_at: new Date(0),
    frozen_at: instant('frozenAt'), thawed_at: instant('thawedAt'), cut_over_at: instant('cutOverAt'), retention_until: instant('retentionUntil'), ended_at: instant('endedAt'),
    created_by: 'model', bytes_copied: '0', max_window_ms: null, estimate: null, pause_requested_at: null, pause_requested_by: null, activity: null, frozen_seconds: null, lease_seconds_left: null, heard_seconds: 0, plan: move.hasPlan ? PLAN : null, manifest: { ...move.manifest },
  }
}

export function lockedByAnother(): MoverError {
  return new MoverError({ code: 'OM3003', message: 'a lock was not granted in time', hint: '', retry: 'safe' })
}
