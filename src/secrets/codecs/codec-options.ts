import type { z } from 'zod'
import { CodecError } from '../codec.js'
import type { CodecContext } from '../codec.js'

type Options = CodecContext['options']

/** The options of a codec, checked once for each declaration: what stands in the hot path is a look-up. */
export interface CodecOptions<T> {
  /** Throws CodecError where `problems` would have said why. */
  readonly read: (options: Options) => T
  /** One sentence each. Names options, never their values. */
  readonly problems: (options: Options) => readonly string[]
}

/** `compile` makes what the codec works with of the options as written. */
export function codecOptions<S extends z.ZodType, T>(schema: S, compile: (options: z.output<S>) => T): CodecOptions<T> {
  const compiled = new WeakMap<Options, T>()
  const compileAnew = (options: Options): T => {
    const parsed = schema.safeParse(options)
    if (!parsed.success) throw new CodecError('layout', `options: ${parsed.error.issues.map(describeIssue).join('; ')}`)
    const made = compile(parsed.data)
    compiled.set(options, made)
    return made
  }
  return {
    read: (options) => compiled.get(options) ?? compileAnew(options),
    problems: (options) => {
      const parsed = schema.safeParse(options)
      return parsed.success ? [] : parsed.error.issues.map(describeIssue)
    },
  }
}

function describeIssue(issue: z.core.$ZodIssue): string {
  if (issue.code === 'unrecognized_keys') return `unknown option ${issue.keys.join(', ')}`
  return `option ${issue.path.join('.') || 'list'}: ${issue.message}`
}
