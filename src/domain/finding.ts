import type { ErrorCode } from './error-catalogue.js'

export type Severity = 'error' | 'warning'

/**
 * Something that `plan`, `doctor`, `discover --check` or a phase found. A finding of severity `error` stops the move before
 * anything is changed (P4); a warning is listed and changes nothing.
 */
export interface Finding {
  readonly code: ErrorCode
  readonly severity: Severity
  readonly cell: string | null
  readonly database: string | null
  readonly schema: string | null
  readonly table: string | null
  readonly message: string
  readonly hint: string
  /** How many rows, where rows are what was found. */
  readonly count: number | null
  /** A few rows by their key; values as text, never a secret's. */
  readonly examples: readonly Readonly<Record<string, string | null>>[]
}

/** Where a finding stands: any part that is left out is null in the document. */
export type FindingPlace = Partial<Pick<Finding, 'cell' | 'database' | 'schema' | 'table'>>

export function finding(
  code: ErrorCode,
  severity: Severity,
  place: FindingPlace,
  text: { readonly message: string; readonly hint: string },
  rows: { readonly count?: number | null; readonly examples?: Finding['examples'] } = {},
): Finding {
  return {
    code,
    severity,
    cell: place.cell ?? null,
    database: place.database ?? null,
    schema: place.schema ?? null,
    table: place.table ?? null,
    message: text.message,
    hint: text.hint,
    count: rows.count ?? null,
    examples: rows.examples ?? [],
  }
}

export function isBlocking(findings: readonly Finding[]): boolean {
  return findings.some((f) => f.severity === 'error')
}
