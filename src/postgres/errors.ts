import { MoverError } from '../domain/errors.js'
import type { ErrorCode } from '../domain/error-catalogue.js'
import type { Retry } from '../domain/errors.js'

/** SQLSTATE with which the write fence rejects. */
export const FENCE_SQLSTATE = 'OM001'

interface Verdict {
  readonly code: ErrorCode
  readonly retry: Retry
  readonly what: string
  readonly hint: string
}

const LOST: Verdict = { code: 'OM3002', retry: 'safe', what: 'connection lost', hint: 'run `org-mover resume` (or the same command) again; what was committed is in the ledger' }
const UNREACHABLE: Verdict = { code: 'OM3001', retry: 'safe', what: 'server unreachable', hint: 'check that the server is up and the address is right, then run the command again' }
const LOCKED: Verdict = { code: 'OM3003', retry: 'safe', what: 'a lock was not granted in time', hint: 'run the command again; look for long transactions on the table' }

const UNTRUSTED: Verdict = { code: 'OM3010', retry: 'after-fix', what: 'no trusted TLS connection', hint: 'check the host name, sslmode and sslrootcert in the URL against the certificate of the server' }

const BY_STATE: readonly (readonly [RegExp, Verdict])[] = [
  [/^(08|57P01|57P02|57P04|57P05|25P03)/, LOST],
  [/^57P03/, UNREACHABLE],
  [/^40001/, { code: 'OM3003', retry: 'safe', what: 'a statement gave way to another transaction, or on a replica to the replay of the log', hint: 'run the command again; for a replica, hot_standby_feedback or max_standby_streaming_delay lets reads last longer' }],
  [/^(55P03|40P01)/, LOCKED],
  [/^57014/, { code: 'OM3012', retry: 'safe', what: 'a statement was cancelled or ran into its time limit', hint: 'run the command again' }],
  [/^53/, { code: 'OM3009', retry: 'safe', what: 'a server has no room left', hint: 'free disk, memory or connections, then run `org-mover resume`' }],
  [/^42501/, { code: 'OM2010', retry: 'after-fix', what: 'missing privilege', hint: 'grant it to the role of the mover; `org-mover doctor` lists what is missing' }],
  [/^28|^3D000/, { code: 'OM3010', retry: 'after-fix', what: 'login refused', hint: 'correct the URL in the configuration' }],
  [/^(23505|23P01)/, { code: 'OM2106', retry: 'after-fix', what: 'a row conflicts with one that is there', hint: 'run `org-mover plan`, which lists conflicts; `org-mover abort` takes a begun move back' }],
]

const UNREACHABLE_CODES = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'EAI_AGAIN', 'ENOENT'])
const LOST_CODES = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'])

/**
 * The only place that classifies an error of pg, of a socket or of a stream. The same fault shows as 57P01, ECONNRESET or an
 * error without code, by version and race, so the message is looked at where nothing else is left.
 * Never passes on DETAIL: it holds values of rows.
 */
export function classify(error: unknown, where: string): MoverError {
  if (error instanceof MoverError) return error
  const { code, message, fields } = describe(error)
  const verdict = verdictOf(code, message)
  const place = [fields.schema, fields.table, fields.constraint].filter(Boolean).join('.')
  return new MoverError({
    code: verdict.code,
    message: `${where}: ${verdict.what}: ${message}${code === null ? '' : ` (${code})`}${place === '' ? '' : ` [${place}]`}`,
    hint: verdict.hint,
    retry: verdict.retry,
    cause: error,
    context: { where, sqlstate: code },
  })
}

/** SQLSTATE or socket code of a foreign error, or of the one that a MoverError wraps. */
export function sqlStateOf(error: unknown): string | null {
  if (error instanceof MoverError) return error.cause === undefined ? null : sqlStateOf(error.cause)
  return describe(error).code
}

function verdictOf(code: string | null, message: string): Verdict {
  if (code !== null) {
    if (UNREACHABLE_CODES.has(code)) return UNREACHABLE
    if (LOST_CODES.has(code)) return LOST
    if (/^(ERR_TLS_|ERR_SSL_|CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_|HOSTNAME_MISMATCH)/.test(code)) return UNTRUSTED
    for (const [pattern, verdict] of BY_STATE) if (pattern.test(code)) return verdict
  } else if (/does not support SSL/i.test(message)) return UNTRUSTED
  else if (/timeout expired|timed out/i.test(message)) return UNREACHABLE
  else if (/terminated|ended|closed|not queryable|premature/i.test(message)) return LOST
  return { code: 'OM3007', retry: 'after-fix', what: 'PostgreSQL rejected a statement', hint: 'see the SQLSTATE; `org-mover status` shows the move' }
}

interface Described {
  readonly code: string | null
  readonly message: string
  readonly fields: { readonly schema: string | null; readonly table: string | null; readonly constraint: string | null }
}

function describe(error: unknown): Described {
  // a refused connection to a name with several addresses comes as an AggregateError without a message of its own
  const inner: unknown = error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error
  const text = (field: string): string | null => {
    const value = typeof inner === 'object' && inner !== null ? Reflect.get(inner, field) : null
    return typeof value === 'string' ? value : null
  }
  return {
    code: text('code'),
    message: text('message') ?? String(inner),
    fields: { schema: text('schema'), table: text('table'), constraint: text('constraint') },
  }
}
