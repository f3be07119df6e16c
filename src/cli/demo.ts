import { bug } from '../domain/errors.js'

/** Placeholder until the demo is wired. */
export function runDemo(_options: unknown): never {
  throw bug('not wired')
}
