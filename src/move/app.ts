import { bug } from '../domain/errors.js'

/** Placeholder until the application is wired. */
export function createApp(_settings: unknown, _options: unknown): never {
  throw bug('not wired')
}
