import { formatDuration } from '../domain/durations.js'
import type { MovePlan } from '../domain/move-plan.js'
import type { MoveReport } from '../domain/report.js'
import type { MoveRow } from './move-row.js'

type Decision = MoveReport['decisions'][number]

/** What people decided: in the configuration and dictionary, and while the move ran. */
export function decisionsOf(row: MoveRow, events: MoveReport['events']): readonly Decision[] {
  return [
    ...(row.maxWindowMs === null ? [] : [{ what: 'limit of the window', detail: formatDuration(row.maxWindowMs) }]),
    ...(isPlan(row.plan) ? declared(row.plan) : []),
    ...events.flatMap(taken),
  ]
}

function declared(plan: MovePlan): readonly Decision[] {
  const names = (tables: readonly { readonly id: { readonly schema: string; readonly name: string } }[]): string => tables.map(({ id }) => `${id.schema}.${id.name}`).join(', ')
  const decision = (what: string, tables: Parameters<typeof names>[0]): readonly Decision[] => (tables.length === 0 ? [] : [{ what, detail: names(tables) }])
  const tables = [...plan.owned, ...plan.shared]
  return [
    ...decision('rows without an owner stay', plan.owned.filter(({ unowned }) => unowned === 'stay')),
    ...decision('rows that stay may refer to rows that leave', plan.owned.filter(({ inboundStays }) => inboundStays)),
    ...decision('rows found by a declared query', plan.owned.filter((table) => table.class === 'exempt')),
    ...tables.filter(({ differBy }) => differBy.length > 0).map(({ id, differBy }) => ({ what: 'rows of both cells may differ', detail: `${id.schema}.${id.name}: ${differBy.join(', ')}` })),
    ...decision('shared rows that nothing refers to are purged', plan.shared.filter(({ purge }) => purge !== null)),
    ...decision('lookup rows are added on the target', plan.lookups.filter(({ insertMissing }) => insertMissing)),
    ...tables.flatMap(({ id, columns }) =>
      columns.flatMap(({ name, rule, secrets }) => [
        ...(rule === null || rule.kind === 'generated' ? [] : [{ what: `column arrives changed (${rule.kind})`, detail: `${id.schema}.${id.name}.${name}` }]),
        // which codec and key, never a value
        ...secrets.map(({ codec, key }) => ({ what: 'secret encrypted anew', detail: `${id.schema}.${id.name}.${name}: ${codec}, key ${key}` })),
      ]),
    ),
  ]
}

/** While the move ran, by whom. */
function taken({ at, who, command, kind, detail }: MoveReport['events'][number]): readonly Decision[] {
  const by = `${who} at ${at}`
  if (kind === 'pause requested') return [{ what: 'pause', detail: by }]
  if (kind !== 'started') return []
  return [
    ...(command === 'abort' ? [{ what: 'abort', detail: by }] : []),
    ...(detail['takeOver'] === true ? [{ what: 'taken from a living driver', detail: by }] : []),
    ...(typeof detail['maxWindowSeconds'] === 'number' ? [{ what: 'window set anew', detail: `${formatDuration(detail['maxWindowSeconds'] * 1000)}, ${by}` }] : []),
    ...(detail['waiveRetention'] === true ? [{ what: 'retention waived', detail: by }] : []),
  ]
}

function isPlan(plan: unknown): plan is MovePlan {
  return typeof plan === 'object' && plan !== null && 'owned' in plan && 'lookups' in plan
}
