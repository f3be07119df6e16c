import type { Settings } from '../config/settings.js'
import type { CheckDocument } from '../domain/documents.js'
import { classify } from '../domain/classify.js'
import type { Outside } from '../outside/call.js'
import type { Session } from '../postgres/session.js'
import { CheckReport } from './check-report.js'
import { checkControl } from './doctor-control.js'
import { checkDatabase, checkPrivileges } from './doctor-cell.js'
import { checkReplica } from './doctor-replica.js'
import { checkParity } from './doctor-parity.js'
import type { ExaminedCell } from './doctor-parity.js'

export interface DoctorInput {
  readonly settings: Settings
  /** A reading session of the caller's making; closed here. */
  readonly open: (cell: string, database: string) => Promise<Session>
  /** The control database; stays open. */
  readonly control: () => Promise<Session>
  /** For a router of the operator's own. */
  readonly outside: () => Outside
}

/**
 * Whether cells, control database and routing are fit for moves: one line for each thing looked at. Reads catalogs and settings
 * only. A server that is down is a failed check, not an error: the others are looked at all the same.
 */
export async function doctor({ settings, open, control, outside }: DoctorInput): Promise<CheckDocument> {
  const report = new CheckReport()
  await checkControl(report, settings, { control, outside })
  const examined = await Promise.all([...settings.cells.keys()].map((cell) => examineCell(settings, cell, open)))
  for (const cell of examined) report.append(cell.report)
  const [first, ...others] = examined
  if (first !== undefined) for (const other of others) checkParity(report, first, other)
  return report.document()
}

async function examineCell(settings: Settings, cell: string, open: DoctorInput['open']): Promise<ExaminedCell & { readonly report: CheckReport }> {
  const report = new CheckReport()
  const named = [...(settings.cells.get(cell)?.databases.keys() ?? [])]
  const catalogs = new Map<string, Parameters<typeof checkPrivileges>[2]>()
  for (const database of named) {
    const catalog = await checkDatabase(report, { cell, database }, { open, lockTimeoutMs: settings.lockTimeoutMs })
    if (catalog !== null) catalogs.set(database, catalog)
    if (catalog !== null) await checkReplica(report, { cell, database }, settings, open)
  }
  // with a database unread, its tables would look like tables that are not there
  const units = catalogs.size === named.length ? classify(catalogs, settings.tenancy).units : []
  if (units.length > 0) for (const [database, catalog] of catalogs) checkPrivileges(report, { cell, database }, catalog, units)
  return { cell, databases: named, catalogs, units, report }
}
