import type { Settings } from '../config/settings.js'
import { finding } from '../domain/finding.js'
import { applicationName } from '../dataplane/names.js'
import { misfit } from '../dataplane/replica.js'
import type { ReplicaState } from '../dataplane/replica.js'
import { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import type { CheckPlace, CheckReport } from './check-report.js'

/** Where `read_from` names a replica: that it is one of this database's cluster, and how far it is behind. */
export async function checkReplica(report: CheckReport, place: CheckPlace & { readonly database: string }, settings: Settings, open: (cell: string, database: string) => Promise<Session>): Promise<void> {
  const url = settings.cells.get(place.cell)?.databases.get(place.database)?.readFrom ?? null
  if (url === null) return
  try {
    await using primary = await open(place.cell, place.database)
    await using replica = await Session.open({ url, role: 'read', label: `${place.cell}/${place.database} (replica)`, applicationName: applicationName(null), lockTimeoutMs: settings.lockTimeoutMs, answerTimeoutMs: settings.answerTimeoutMs })
    const server = await primary.one<{ system_identifier: string; lsn: string }>(sql('verify/server'))
    const state = await replica.one<ReplicaState & Record<string, unknown>>(sql('replica/state'), [server.lsn])
    const why = misfit(state, server.system_identifier)
    const findings = why === null ? [] : [finding('OM2132', 'error', place, { message: `the server of read_from ${why}`, hint: 'correct read_from, or leave it out' })]
    report.add(place, 'replica', `a standby of this cluster, ${state.behind} bytes behind${state.paused ? '; its replay is paused' : ''}`, findings)
  } catch (error) {
    report.fail(place, 'replica', error)
  }
}
