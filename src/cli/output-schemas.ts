import { z } from 'zod'
import { ENDED_STATES, MOVE_STATES, PARTICIPANT_VERBS, PHASES, STRATEGIES } from '../domain/vocabulary.js'
import type { DocumentKind } from './invocation.js'

/**
 * The JSON documents as schemas: what a reader may rely on. Further fields may come; none of these goes. A test lets
 * the compiler hold them against documents.ts.
 */

const code = z.string().regex(/^OM\d{4}$/)
const error = z.object({ code, message: z.string(), hint: z.string(), retry: z.enum(['safe', 'after-fix', 'never']) }).nullable()
const text = z.string()
const count = z.number().min(0)
const row = z.record(text, text.nullable()).describe('columns and their values, as text')
const tableName = { database: text, schema: text, table: text.describe('the bare name') }

const finding = z.object({
  code,
  severity: z.enum(['error', 'warning']),
  cell: text.nullable(),
  database: text.nullable(),
  schema: text.nullable(),
  table: text.nullable(),
  message: text,
  hint: text,
  count: count.nullable(),
  examples: z.array(row),
})
const findings = z.array(finding)

const done = z.object({ done: z.array(text), org: text.nullable(), cell: text.nullable(), epoch: z.number().nullable(), error })

const check = z.object({
  checks: z.array(z.object({ cell: text, database: text.nullable(), name: text, ok: z.boolean(), message: text })),
  findings,
  error,
})

const tableClass = z.enum(['root', 'sharded', 'exempt', 'unclassified'])
const discover = z.object({
  cell: text,
  tables: z.array(
    z.object({
      ...tableName,
      class: tableClass,
      rule: z.object({ kind: z.enum(['root', 'direct', 'via', 'any_of']), columns: z.array(text), path: z.array(text) }).nullable(),
      strategy: z.enum(STRATEGIES).nullable(),
      origin: z.enum(['dictionary', 'config', 'inferred']).nullable(),
      predicate: text.nullable(),
    }),
  ),
  findings,
  error,
})

const roomFor = z.object({ need: count, free: z.number(), by: text.describe('how that is known') })

const plan = z.object({
  org: text,
  source: text.nullable(),
  target: text,
  tables: z.array(z.object({ ...tableName, class: tableClass, rows: count, rowsExact: z.boolean(), bytes: count, chunks: count, index: text.nullable() })),
  totals: z.object({ tables: count, rows: count, bytes: count }),
  room: z.object({ needBytes: count, bytes: z.array(roomFor), organizations: z.array(roomFor) }).nullable().describe('what the organization needs on the target, an estimate, and what is free there; null where the capacity of the cell is not configured'),
  besides: z.array(text).describe('what else the move would do to the cells'),
  estimate: z.object({ windowSeconds: count.nullable(), basis: text }),
  sample: z.object({ tables: z.array(z.object({ ...tableName, rows: count, bytes: count, seconds: count })), cutShort: text.nullable().describe('why less was measured than was asked for') }).nullable().describe('what --sample measured'),
  classes: z.array(z.object({ class: tableClass, tables: count, rows: count, bytes: count })),
  notMoved: z.array(z.object({ what: text, why: text })),
  steps: z.array(z.object({ phase: z.enum(PHASES), text, writes: z.enum(['source', 'nobody', 'target']).describe('who accepts writes to the organization meanwhile') })),
  findings,
  blocking: z.boolean(),
  rowsChecked: z.boolean().describe('false: errors kept every check of rows from running, and there may be more to find'),
  error,
})

const verification = z.object({
  verdict: z.enum(['equal', 'different', 'incomplete', 'not_run']),
  tables: count,
  rows: count,
  missing: count,
  extraneous: count,
  mismatching: count,
  examples: z.array(z.object({ schema: text, table: text, primaryKey: row, kind: z.enum(['missing', 'extraneous', 'mismatching']), columns: z.array(text) })),
})

const fenceState = z.enum(['none', 'setting', 'rejects', 'lifting'])

const moveSummary = z.object({
  moveId: text.nullable(),
  org: text.nullable(),
  source: text.nullable(),
  target: text.nullable(),
  state: z.enum(MOVE_STATES).nullable().describe(`ended: ${ENDED_STATES.join(', ')}`),
  phase: z.enum(PHASES).nullable(),
  verification,
  timings: z.array(z.object({ phase: z.enum(PHASES), seconds: count })),
  frozenSeconds: count.nullable(),
  bytesCopied: count,
  findings,
  error,
  next: text.nullable(),
  createdAt: text.nullable(),
  createdBy: text.nullable(),
  lease: z.object({ holder: text, isAlive: z.boolean().describe('false: it was silent for longer than its lease, and another process may resume'), heardSecondsAgo: z.number(), secondsLeft: z.number() }).nullable(),
  fence: z.object({ source: fenceState, target: fenceState }).nullable().describe('what the cells do with writes to the organization'),
  window: z.object({ maxSeconds: count.nullable(), estimateSeconds: count.nullable(), frozenSeconds: count.nullable() }).nullable(),
  waiting: text.nullable().describe('why nothing moves right now, as the driver told with its last heartbeat'),
  pauseRequested: z.object({ at: text, by: text }).nullable(),
  retainedUntil: text.nullable().describe('after the cutover: until when the source keeps the rows, unless that is waived'),
})

const movedTable = z.object({ ...tableName, rowsPlanned: count.nullable(), rowsCopied: count, rowsVerified: count, rowsPurged: count, state: z.enum(['pending', 'running', 'done']) })
const secret = z.object({ side: z.enum(['source', 'target']), ...tableName, column: text, values: count, clear: count, unreadable: count, keys: z.record(text, count).describe('values by the version of the key that opened them') })
const progress = z.object({ rowsDone: count, rowsTotal: count, rowsPerSecond: count, bytesPerSecond: count.nullable(), etaSeconds: count.nullable() }).describe('of the phase under way; rates over the last minute')
const throttle = z.object({ maxBytesPerSecond: count.nullable().describe('null: no limit'), paused: z.boolean(), waitsFor: text.nullable().describe('what the process that drives the move waits for right now') })
const participant = z.object({ participant: text, verb: z.enum(PARTICIPANT_VERBS), state: z.enum(['running', 'done', 'failed']), attempts: count, seconds: count, facts: z.record(text, text), error: text.nullable() })
const move = moveSummary.extend({ throttle: throttle.nullable(), tables: z.array(movedTable), secrets: z.array(secret), participants: z.array(participant).describe('what lives outside PostgreSQL: the last run of each verb'), progress: progress.nullable() })

const instant = z.string().describe('ISO 8601, by the control server\'s clock')
const optional = { text: text.nullable(), instant: instant.nullable(), count: count.nullable() }
const estimate = z.object({ windowSeconds: count.nullable(), basis: text })
const tableFingerprint = z.object({ rows: count, digest: text }).nullable()
const report = z.object({
  report: z
    .object({
      generatedAt: instant,
      generatedBy: text,
      move: z.object({
        moveId: text, org: text, source: text, target: text, state: z.enum(MOVE_STATES), phase: z.enum(PHASES).nullable(), createdAt: instant, createdBy: text,
        frozenAt: optional.instant, thawedAt: optional.instant, frozenSeconds: optional.count, maxWindowSeconds: optional.count, estimate: estimate.nullable(),
        cutOverAt: optional.instant, retentionUntil: optional.instant, endedAt: optional.instant, bytesCopied: count, repairs: count,
        routeEpochBefore: optional.text, routeEpochAfter: optional.text, fence: moveSummary.shape.fence, next: optional.text,
      }),
      verification,
      lastError: error,
      phases: z.array(z.object({ phase: z.enum(PHASES), startedAt: instant, endedAt: optional.instant, seconds: count, outcome: optional.text, driver: optional.text, version: optional.text })),
      throughput: z.array(z.object({ phase: z.enum(PHASES), at: instant, seconds: count, rows: count, bytes: count })),
      tables: z.array(
        z.object({
          ...tableName, class: text, state: text, chunks: count, bytes: count, rowsPlanned: optional.count, rowsCopied: count, rowsVerified: count, rowsPurged: count,
          source: tableFingerprint, target: tableFingerprint, isEqual: z.boolean().nullable(),
        }),
      ),
      findings,
      decisions: z.array(z.object({ what: text, detail: text })),
      secrets: z.array(secret),
      participants: z.array(participant.extend({ startedAt: instant, run: count.describe('how often the verb was begun anew') })).describe('the last run of each verb'),
      hooks: z.array(z.object({ at: instant, moment: text, position: count, hook: text, serving: text, outcome: text, seconds: count, readings: optional.count })),
      waits: z.array(z.object({ at: instant, phase: text, reason: text, seconds: count })),
      events: z.array(z.object({ at: instant, who: text, command: text, kind: text, detail: z.record(text, z.unknown()) })),
      servers: z.array(z.object({ side: z.enum(['source', 'target']), database: text, version: optional.text, systemIdentifier: text, timeline: z.number(), lsnAtFreeze: text, lsnAtCutover: optional.text })),
      created: z.array(z.object({ cell: text, database: text, kind: text, name: text, removedAt: optional.instant })),
      notMoved: z.array(z.object({ what: text, why: text })),
    })
    .nullable(),
  sha256: text.nullable().describe('SHA-256, in hex, over the compact JSON of report'),
  error,
})

export const OUTPUT_SCHEMAS = {
  done,
  check,
  discover,
  plan,
  move,
  report,
  list: z.object({ moves: z.array(moveSummary), error }),
  error: z.object({ error }),
} as const satisfies Record<DocumentKind, z.ZodType>

/** For JSON Schema titles: which commands print the document. */
export const PRINTED_BY: Readonly<Record<DocumentKind, string>> = {
  done: 'init, route get, route set, secrets keygen',
  check: 'doctor, discover --check',
  discover: 'discover',
  plan: 'plan',
  move: 'move, resume, pause, secrets seal, secrets open, abort, purge, verify, throttle, status MOVE_ID, demo',
  report: 'report',
  list: 'list, status',
  error: 'a command line that names no command',
}
