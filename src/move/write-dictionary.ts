import { bug } from '../domain/errors.js'
export function writeDictionary(_: unknown): never { throw bug('not wired') }
