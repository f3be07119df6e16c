import type { MovePlan } from './move-plan.js'
import type { NotMoved } from './report.js'

/** What a move leaves where it is, and why; the same for the plan, before it, and the report after it. Pure. */
export function notMoved(plan: Pick<MovePlan, 'skipped' | 'lookups' | 'shared'>): readonly NotMoved[] {
  const named = ({ id }: { readonly id: { readonly database: string; readonly schema: string; readonly name: string } }): string => `${id.database} ${id.schema}.${id.name}`
  return [
    ...plan.skipped.map((id) => ({ what: named({ id }), why: 'declared skip: belongs to the cell, not to an organization' })),
    ...plan.lookups.map((table) => ({ what: named(table), why: `lookup: both cells have it, references are remapped by natural key${table.insertMissing ? '; rows that the target lacks are added' : ''}` })),
    ...plan.shared.map((table) => ({ what: named(table), why: 'shared: rows that moved rows refer to are added where absent, and stay on the source' })),
    { what: 'state outside PostgreSQL', why: 'files, Git data, object storage, search indexes, caches and queues are not read; move or rebuild them by other means' },
    { what: 'large objects, sequences and roles', why: 'no rows of an organization; sequences of the target are checked, never copied' },
  ]
}
