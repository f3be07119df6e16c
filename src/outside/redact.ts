export type Redact = (text: string) => string

/** Shorter ones would hide half of a log. */
const SHORTEST = 4
const MASK = '***'

/**
 * Takes out of others' output what is known to be secret, userinfo of URLs, and what stands behind a word like `password` or `Authorization`. A
 * net under programs that say more than they should; what none of these tells apart passes.
 */
export function redactor(secrets: readonly string[]): Redact {
  const known = [...new Set(secrets.filter((secret) => secret.length >= SHORTEST))].sort((a, b) => b.length - a.length)
  return (text) => {
    let clean = text
    for (const secret of known) clean = clean.replaceAll(secret, MASK)
    return clean
      .replaceAll(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi, `$1${MASK}@`)
      .replaceAll(/\b(authorization\s*[=:]\s*)(?:(?:bearer|basic)\s+)?[^\s"',;}]+/gi, `$1${MASK}`)
      .replaceAll(/((?:password|passwd|secret|token|api[_-]?key|access[_-]?key)["']?\s*[=:]\s*["']?)[^\s"',;}]+/gi, `$1${MASK}`)
  }
}
