import { bug } from '../domain/errors.js'
export function doctor(_: unknown): never { throw bug('not wired') }
