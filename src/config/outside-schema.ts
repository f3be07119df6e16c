import { z } from 'zod'
import { PARTICIPANT_VERBS } from '../domain/vocabulary.js'
import { nonEmpty } from './dictionary-schema.js'
import { duration, timeout } from './duration-schema.js'

/** Programs and services of the operator's own: hooks, routers, participants. */

export const headers = z
  .record(
    z.string().regex(/^[!#$%&'*+.^`|~\w-]+$/, { error: 'expected the name of a header' }),
    z.string().regex(/^[\t -~]*$/, { error: 'expected the value of a header, in ASCII' }),
  )
  .describe('HTTP headers, for example Authorization')

export const httpUrl = z
  .string()
  .regex(/^https?:\/\/\S+$/, { error: 'expected an http:// or https:// URL' })
  // URLs end up in the logs of servers and proxies
  .refine((text) => !/^https?:\/\/[^/?#]*@/.test(text), { error: 'must not hold a user or password: use headers' })

export const commandLine = z.array(nonEmpty).min(1, { error: 'must not be empty' }).describe('program and arguments, without a shell')

const sqlHook = { sql: nonEmpty, cell: z.enum(['source', 'target']).optional(), database: nonEmpty.optional() }
const hookTimeout = { timeout: timeout.optional().describe('default: 30s') }
export const hook = z.union([
  z.strictObject({ ...sqlHook, ...hookTimeout }),
  z.strictObject({ command: commandLine, ...hookTimeout }),
  z.strictObject({ http: httpUrl, headers: headers.optional(), ...hookTimeout }),
])

const readings = { ...hookTimeout, gap: timeout.optional().describe('between two readings (default: 1s)'), limit: timeout.optional().describe('over all readings (default: 60s)') }
export const probe = z.union([
  z.strictObject({ ...sqlHook, ...readings }),
  z.strictObject({ command: commandLine, ...readings }),
  z.strictObject({ http: httpUrl, headers: headers.optional(), ...readings }),
])

const callee = z.union([z.strictObject({ command: commandLine, ...hookTimeout }), z.strictObject({ http: httpUrl, headers: headers.optional(), ...hookTimeout })])

export const notify = z.strictObject({
  reports: nonEmpty.optional().describe('folder that gets the report of every move that rests or ends, as a page'),
  hooks: z.array(callee).optional().describe('told of every move that rests or ends'),
})

export const capacity = z
  .strictObject({
    bytes: z.int().min(0, { error: 'must not be negative' }).optional().describe('what the databases of the cell may take on disk, by pg_database_size'),
    organizations: z.int().min(0, { error: 'must not be negative' }).optional().describe('how many organizations it may serve, by the routing table'),
    probe: callee.optional().describe('answers {"bytes_free": n, "organizations_free": n}, either of which may be left out'),
  })
  .describe('how much room the cell has: an organization that does not fit is not moved there')

const verb = z.enum(PARTICIPANT_VERBS)
const participant = {
  name: z.string().regex(/^[\w.-]{1,60}$/, { error: 'expected up to 60 letters, digits, dots, dashes or underscores' }),
  timeout: timeout.optional().describe('of one call (default: 10m)'),
  timeouts: z.partialRecord(verb, timeout).optional().describe('of one call, by verb'),
  verbs: z.array(verb).min(1, { error: 'must not be empty' }).optional().describe('what it is asked for (default: all)'),
  retries: z.int().min(0, { error: 'must not be negative' }).max(100, { error: 'must be at most 100' }).optional().describe('of a call that failed for a moment (default: 3)'),
  max_lag: z.number().min(0, { error: 'must not be negative' }).optional().describe('the freeze waits until its lag is no more than that, in its own unit (default: 0)'),
  lag_gap: timeout.optional().describe('between two readings of the lag (default: 1s)'),
  lag_limit: duration.optional().describe('how long the freeze waits for the lag (default: 10m)'),
  options: z.record(z.string(), z.unknown()).optional().describe('handed to it with every request'),
}
export const participants = z
  .array(z.union([z.strictObject({ ...participant, command: commandLine }), z.strictObject({ ...participant, http: httpUrl, headers: headers.optional() })]))
  .refine((all) => new Set(all.map(({ name }) => name)).size === all.length, { error: 'two participants have the same name' })
  .describe('what of an organization lives outside PostgreSQL')

export type RawHook = z.infer<typeof hook>
export type RawProbe = z.infer<typeof probe>
export type RawParticipant = z.infer<typeof participants>[number]
