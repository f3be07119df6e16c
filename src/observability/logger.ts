import { pino } from 'pino'
import type { Logger } from 'pino'
import { prettyFactory } from 'pino-pretty'
import { MoverError } from '../domain/errors.js'

export type { Logger } from 'pino'

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]
export const LOG_FORMATS = ['pretty', 'json'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]

export interface LoggerOptions {
  readonly level: LogLevel
  readonly format: LogFormat
  readonly colour: boolean
  /** Written to line by line and at once, so that nothing is lost when the process ends. */
  readonly destination: { write(text: string): void }
}

/** Constant messages, data in fields; errors without anything that could hold a row's content. */
export function createLogger(options: LoggerOptions): Logger {
  const { destination } = options
  const pretty = prettyFactory({ colorize: options.colour, ignore: 'pid,hostname', singleLine: true })
  const stream = options.format === 'json' ? destination : { write: (line: string) => destination.write(pretty(JSON.parse(line))) }
  return pino({ level: options.level, serializers: { err: describeError } }, stream)
}

interface DescribedError {
  readonly name: string
  readonly code: string | null
  readonly message: string | null
  readonly where: Readonly<Record<string, unknown>>
  readonly stack: string | null
  readonly cause: DescribedError | null
}

/**
 * What of an error may be logged (P8). Of ours all; of PostgreSQL's only what names things, because its message, detail,
 * context and query quote values ("invalid input syntax for type integer: …", "Key (token)=(…) already exists").
 */
function describeError(error: unknown): DescribedError {
  if (!(error instanceof Error)) return { name: typeof error, code: null, message: null, where: {}, stack: null, cause: null }
  const fields = error as Error & Readonly<Record<string, unknown>>
  const isOfServer = 'severity' in error && 'routine' in error
  const named = ['severity', 'schema', 'table', 'column', 'dataType', 'constraint', 'file', 'routine'].filter((key) => typeof fields[key] === 'string')
  return {
    name: error.name,
    code: typeof fields['code'] === 'string' ? fields['code'] : null,
    message: isOfServer ? null : error.message,
    where: error instanceof MoverError ? error.context : isOfServer ? Object.fromEntries(named.map((key) => [key, fields[key]])) : {},
    stack: error.stack?.split('\n').filter((line) => /^\s+at /.test(line)).join('\n') ?? null,
    cause: error.cause === undefined ? null : describeError(error.cause),
  }
}
