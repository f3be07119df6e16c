import { bug } from '../domain/errors.js'
export function discoverCell(_: unknown): never { throw bug('not wired') }
