import { bug } from '../domain/errors.js'
export function lintDictionary(_: unknown): never { throw bug('not wired') }
