import { z } from 'zod'
import { isConnectionUrl } from './connection-url.js'
import { databases, inlineEntrySchema, nonEmpty, strategy } from './dictionary-schema.js'
import { duration, timeout } from './duration-schema.js'
import { capacity, commandLine, headers, hook, httpUrl, notify, participants, probe } from './outside-schema.js'

/** The configuration as written (README, "Configuration"). Defaults are filled in by `buildSettings`; here stands what is allowed. */

const url = z
  .string()
  .refine(isConnectionUrl, { error: 'expected a URL postgres://user:password@host:port/database (percent-encode special characters of the password)' })
  .describe('postgres://user:password@host:port/database')

const qualified = z.string().regex(/^[^.]+\../, { error: 'expected schema.table' }).describe('schema.table, written raw')
const fileName = nonEmpty.describe('a path, relative to this file')
const name = z.string().regex(/^\S+$/, { error: 'expected a name without spaces' })

const database = z.union([
  url,
  z.strictObject({
    url,
    read_from: url.optional().describe('a streaming replica, for reading the frozen rows while the cell is a source'),
    search_path: nonEmpty.optional().describe('the search_path of the application, where it is not the default of the database'),
  }),
])

const cell = z.strictObject({
  databases: z.record(name, database).refine((map) => Object.keys(map).length > 0, { error: 'at least one database is needed' }),
  keyring: fileName.optional(),
  transport_key: z.string().regex(/^[A-Za-z0-9+/]{43}=$/, { error: 'expected the public key that `org-mover secrets keygen` prints' }).optional().describe('public key to which secrets for this cell are sealed, where they travel sealed'),
  max_moves: z.int().min(1, { error: 'must be at least 1' }).optional().describe('moves from or to the cell that may be under way at once, whichever machines drive them (default: no limit)'),
  capacity: capacity.optional(),
})

const OWN_ROUTE_TABLE = 'org_mover.route'
const callTimeout = timeout.optional().describe('default: 10s')
const postgresRouting = z
  .strictObject({
    kind: z.literal('postgres').optional(),
    url: url.optional().describe('only where the routing table is not in the control database'),
    table: qualified.optional().describe(`default: ${OWN_ROUTE_TABLE}, which init creates`),
    org_column: nonEmpty.optional(),
    cell_column: nonEmpty.optional(),
    epoch_column: nonEmpty.optional().describe('without it the flip compares organization and cell alone'),
    cell_values: z.record(name, z.union([nonEmpty, z.number()], { error: 'expected text or a number' })).optional().describe('what stands in the cell column for each cell; default: its name'),
  })
  .superRefine((raw, context) => {
    const isOwn = isOwnRouteTable(raw)
    const own = { org_column: 'organization', cell_column: 'cell', epoch_column: 'epoch' } as const
    if (raw.url !== undefined && raw.table === undefined) context.addIssue({ code: 'custom', message: 'is required beside url', path: ['table'] })
    for (const [key, column] of Object.entries(own) as readonly (readonly [keyof typeof own, string])[]) {
      if (isOwn && raw[key] !== undefined && raw[key] !== column) {
        context.addIssue({ code: 'custom', message: `goes with a table of your own: ${OWN_ROUTE_TABLE} has ${column}`, path: [key] })
      }
      if (!isOwn && key !== 'epoch_column' && raw[key] === undefined) context.addIssue({ code: 'custom', message: 'is required beside table', path: [key] })
    }
  })

const routing = z.discriminatedUnion('kind', [
  postgresRouting,
  z.strictObject({ kind: z.literal('command'), command: commandLine, timeout: callTimeout }),
  z.strictObject({ kind: z.literal('http'), url: httpUrl, headers: headers.optional(), timeout: callTimeout }),
])

/** True for the table that `init` creates in the control database. */
export function isOwnRouteTable(raw: { readonly url?: string | undefined; readonly table?: string | undefined }): boolean {
  return raw.url === undefined && (raw.table === undefined || raw.table === OWN_ROUTE_TABLE)
}

const tenancy = z.strictObject({
  root: z.union([nonEmpty, z.null()], { error: 'expected schema.table, or null' }).optional().describe('table whose rows are the organizations; null where there is none (default: public.organizations)'),
  root_key: nonEmpty.optional().describe('default: id'),
  sharding_key: z.union([nonEmpty, z.array(nonEmpty)]).optional().describe('column names for inference where the dictionary is silent (default: organization_id)'),
  unowned: z.enum(['error', 'stay']).optional().describe('rows whose keys are all NULL (default: error)'),
  schemas: z.array(nonEmpty).min(1, { error: 'must not be empty' }).optional().describe('default: [public]'),
  dictionary: fileName.optional().describe('directory of YAML files, one per table'),
  classes: z.record(nonEmpty, z.strictObject({ database: databases.optional(), exempt: strategy.optional() })).optional(),
  tables: z.record(nonEmpty, inlineEntrySchema).optional(),
})

const maintenance = z.strictObject({
  fence: z.enum(['triggers']).optional(),
  enter: z.array(hook).optional().describe('put the application into maintenance mode'),
  ready: z.array(probe).optional().describe('readiness probes: each yields one number, which must be zero twice in a row, with a gap and within a limit'),
  leave: z.array(hook).optional().describe('end the maintenance mode'),
})

const copy = z.strictObject({
  jobs: z.int().min(1, { error: 'must be at least 1' }).max(256, { error: 'must be at most 256' }).optional().describe('parallel streams (default: 4)'),
  chunk_rows: z.int().min(1, { error: 'must be at least 1' }).optional().describe('rows per chunk (default: 100000)'),
  max_bytes_per_second: z.union([z.int().min(1), z.null()], { error: 'expected a whole number above 0, or null' }).optional(),
})

const sample = z.strictObject({
  tables: z.int().min(1, { error: 'must be at least 1' }).optional().describe('the biggest so many tables (default: 5)'),
  rows: z.int().min(1, { error: 'must be at least 1' }).optional().describe('of each at most so many rows (default: 20000)'),
  max_bytes: z.int().min(1, { error: 'must be at least 1' }).optional().describe('of all together (default: 67108864)'),
  max_time: timeout.optional().describe('over all tables (default: 30s)'),
})

const limit = (least: number, what: string): z.ZodType<number | null | undefined> => z.union([z.int().min(least), z.null()], { error: `expected a whole number from ${least}, or null` }).optional().describe(`${what} (default: null, does not matter)`)
const throttle = z.strictObject({
  max_replica_lag_bytes: limit(0, 'wait while a replica of the cell that is written to has more of the log to replay'),
  max_wal_backlog_bytes: limit(0, 'wait while a replication slot of that cell keeps more of the log'),
  max_lock_waits: limit(0, 'wait while more sessions of others there wait for locks'),
  probes: z.array(hook).optional().describe('each yields one number; wait while one is above zero'),
})

const verify = z.strictObject({
  repair_attempts: z.int().min(0, { error: 'must be at least 0' }).max(100, { error: 'must be at most 100' }).optional().describe('how often resume loads chunks again that differed (default: 2)'),
})

export const configSchema = z
  .strictObject({
    cells: z.record(name, cell).refine((map) => Object.keys(map).length > 0, { error: 'at least one cell is needed' }),
    control: url.describe('the database with the journal of all moves'),
    routing: routing.optional(),
    tenancy: tenancy.optional(),
    secrets: z
      .strictObject({ codecs: z.array(fileName).optional().describe('codec modules of your own'), mode: z.enum(['inline', 'staged']).optional().describe('inline (default): the mover holds both keyrings; staged: secrets travel sealed, and the mover holds neither'), workers: z.int().min(0, { error: 'must not be negative' }).max(64, { error: 'must be at most 64' }).optional().describe('threads that encrypt beside the main one (default: the machine\'s cores less two)') })
      .optional(),
    maintenance: maintenance.optional(),
    participants: participants.optional(),
    copy: copy.optional(),
    sample: sample.optional().describe('how much `plan --sample` may copy'),
    throttle: throttle.optional().describe('what a move waits for between chunks'),
    verify: verify.optional(),
    lease: timeout.optional().describe('after so long without a heartbeat another process may take the move over (default: 30s)'),
    lock_timeout: timeout.optional().describe('nobody waits longer for a lock of the mover (default: 3s)'),
    answer_timeout: timeout.optional().describe('a connection that is silent for so long while its server is not at work for it is cut (default: 60s)'),
    drain_timeout: timeout.optional().describe('how long to wait for transactions older than the freeze (default: 60s)'),
    replica_timeout: timeout.optional().describe('how long to wait for the replica of read_from to replay the log up to the freeze (default: 5m)'),
    sequences: z.enum(['check', 'advance']).optional().describe('default: check'),
    retention: duration.optional().describe('how long the source rows are kept after the cutover (default: 7d)'),
    purge: z.strictObject({ vacuum: z.boolean().optional().describe('VACUUM every table that rows were purged from: its indexes are read whole (default: false)') }).optional(),
    notify: notify.optional().describe('who is told when a command that drives a move has ended'),
    confirm_cutover: z.boolean().optional().describe('ask a person before the cutover (default: false)'),
  })
  .describe('Configuration of org-mover')

export type RawPostgresRouting = z.infer<typeof postgresRouting>
export type RawConfig = z.infer<typeof configSchema>
