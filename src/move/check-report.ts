import type { CheckDocument } from '../domain/documents.js'
import { MoverError } from '../domain/errors.js'
import { finding } from '../domain/finding.js'
import type { Finding, FindingPlace } from '../domain/finding.js'

export interface CheckPlace {
  readonly cell: string
  readonly database: string | null
}

/** Collects the lines of a CheckDocument: one for each thing looked at, and the findings behind those that failed. */
export class CheckReport {
  readonly #checks: CheckDocument['checks'][number][] = []
  readonly #findings: Finding[] = []

  /** One line, from what was found: it failed where one of them is an error. `passed` is what a line without findings says. */
  add({ cell, database }: CheckPlace, name: string, passed: string, findings: readonly Finding[]): void {
    const errors = findings.filter((found) => found.severity === 'error')
    const told = errors.length > 0 ? errors : findings
    const [first] = told
    const message = first === undefined ? passed : told.length === 1 ? `${placed(first)}${first.message}` : `${told.length} findings, the first: ${placed(first)}${first.message}`
    this.#checks.push({ cell, database, name, ok: errors.length === 0, message })
    this.#findings.push(...findings)
  }

  /** A check that an error ended: the error becomes a finding, so that the other checks still run. What is no MoverError is thrown. */
  fail(place: CheckPlace, name: string, error: unknown): void {
    this.add(place, name, '', [findingOf(error, place)])
  }

  append(other: CheckReport): void {
    this.#checks.push(...other.#checks)
    this.#findings.push(...other.#findings)
  }

  document(): CheckDocument {
    return { checks: this.#checks, findings: this.#findings, error: null }
  }
}

function placed(found: Finding): string {
  return found.table === null ? '' : `${found.schema ?? ''}.${found.table}: `
}

function findingOf(error: unknown, { cell, database }: FindingPlace): Finding {
  if (!(error instanceof MoverError)) throw error
  return finding(error.code, 'error', { cell: cell ?? null, database: database ?? null }, { message: error.message, hint: error.hint })
}
