import { tableKey, tableNamed } from '../domain/catalog.js'
import { finding } from '../domain/finding.js'
import { ownedNumbered } from '../domain/move-plan.js'
import { nameOf, placeOf } from './examination.js'
import type { Examination } from './examination.js'
import { indexDdl, indexFor } from './key-index.js'
import { SCAN_WORTH_TELLING_BYTES } from './measure-reads.js'

/** Before rows are deleted, references to them are looked for, chunk by chunk: on the source by a purge, on the target by an abort. What that scans is told. */
export function checkInboundIndexes(exam: Examination): void {
  for (const side of ['source', 'target'] as const) {
    const told = new Set<string>()
    for (const table of exam.plan.owned) {
      if ((exam.counts.get(table.no) ?? 0) === 0 || (side === 'source' && table.inboundStays)) continue
      const catalog = exam.catalogs[side].get(table.id.database)
      for (const { table: name, columns, child: no } of table.inbound) {
        const owner = ownedNumbered(exam.plan, no)
        // of the key by which its own rows are read that is told already
        if (side === 'source' && owner?.ownership.kind === 'keys' && owner.ownership.alternatives.some((a) => (a.kind === 'direct' ? a.column : a.columns.join('\0')) === columns.join('\0'))) continue
        const child = tableNamed(catalog, name)
        const key = `${table.id.database} ${tableKey(name)} ${columns.join('\0')}`
        if (child === undefined || child.bytes < SCAN_WORTH_TELLING_BYTES || told.has(key) || indexFor(child, columns) !== undefined) continue
        told.add(key)
        exam.report(
          finding('OM2118', 'warning', { ...placeOf(exam, side, table), schema: name.schema, table: name.name }, {
            message: `${side === 'source' ? 'a purge' : 'an abort'} looks for references by ${columns.join(', ')} to each chunk of ${nameOf(table)} and scans all of ${tableKey(name)} (${Math.round(child.bytes / 1024 / 1024)} MB)`,
            hint: indexDdl(catalog, child, columns),
          }),
        )
      }
    }
  }
}
