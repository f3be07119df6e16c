import { MoverError } from '../domain/errors.js'

/** A throw-away cluster could not be made; nothing but the sandbox's own files was touched. */
export function sandboxError(message: string, hint: string, cause?: unknown): MoverError {
  return new MoverError({ code: 'OM1010', message, hint, retry: 'after-fix', cause })
}

/** The `code` of a system error (ENOENT, EACCES, …), else null. */
export function systemCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}
