import type { PostgresRouting, Settings } from '../config/settings.js'
import { tableKey } from '../domain/catalog.js'
import { finding, isBlocking } from '../domain/finding.js'
import type { Finding } from '../domain/finding.js'
import { applicationName } from '../dataplane/names.js'
import { AsyncDisposableStack } from '../postgres/disposable-stack.js'
import { identList, qualified } from '../postgres/quote.js'
import { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'
import { OutsideRouter } from '../routing/outside-router.js'
import { PostgresRouter } from '../routing/postgres-router.js'
import { unwritable } from '../routing/rehearsal.js'
import type { CheckReport } from './check-report.js'
import { assertControlSchema } from './control-schema.js'
import type { DoctorInput } from './doctor.js'

/** The control database has no cell of its own. */
const CONTROL = { cell: 'control', database: null }
const ROUTING = { cell: 'routing', database: null }

/** The journal's database and the routing table, wherever that is. */
export async function checkControl(report: CheckReport, settings: Settings, { control, outside }: Pick<DoctorInput, 'control' | 'outside'>): Promise<void> {
  const session = await checked(report, CONTROL, 'reachable', 'connected', control)
  if (session !== null) await checked(report, CONTROL, 'control schema', 'up to date', () => assertControlSchema(session))
  const { routing } = settings
  if (routing.kind === 'postgres') return checkTable(report, settings, routing, session)
  const router = new OutsideRouter({ outside: outside(), routing, cells: [...settings.cells.keys()] })
  await checked(report, ROUTING, 'router', 'answers', () => router.tryOut())
}

async function checkTable(report: CheckReport, { cells, lockTimeoutMs, answerTimeoutMs }: Settings, routing: PostgresRouting, session: Session | null): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const { url } = routing
  const router = url === null ? session : await checked(report, ROUTING, 'reachable', 'connected', async () => stack.use(await Session.open({ url, role: 'admin', label: 'routing', applicationName: applicationName(null), lockTimeoutMs, answerTimeoutMs })))
  if (router === null) return
  try {
    const access = await routeFindings(router, routing)
    report.add(ROUTING, 'routing table', `${tableKey(routing.table)} can be read and written`, access)
    if (!isBlocking(access)) report.add(ROUTING, 'flip', 'the server can plan flips to each cell', await flipFindings(router, routing, [...cells.keys()]))
  } catch (error) {
    report.fail(ROUTING, 'routing table', error)
    return
  }
  report.add(ROUTING, 'epoch', 'the flip compares organization, cell and epoch', routing.epochColumn === null ? [withoutEpoch(routing)] : [])
}

async function checked<T>(report: CheckReport, place: typeof CONTROL, name: string, passed: string, work: () => Promise<T>): Promise<T | null> {
  try {
    const result = await work()
    report.add(place, name, passed, [])
    return result
  } catch (error) {
    report.fail(place, name, error)
    return null
  }
}

async function routeFindings(session: Session, routing: PostgresRouting): Promise<readonly Finding[]> {
  const table = qualified(routing.table)
  const columns = identList([routing.orgColumn, routing.cellColumn, ...(routing.epochColumn === null ? [] : [routing.epochColumn])])
  await session.rows(sql('doctor/route-access', { table, columns }))
  const may = await session.one<{ may_update: boolean; may_insert: boolean }>(sql('doctor/route-privileges'), [table])
  const missing = [...(may.may_update ? [] : ['UPDATE']), ...(may.may_insert ? [] : ['INSERT'])]
  if (missing.length === 0) return []
  return [
    finding('OM2010', may.may_update ? 'warning' : 'error', { cell: ROUTING.cell }, {
      message: `the role lacks ${missing.join(', ')} on the routing table ${tableKey(routing.table)}`,
      hint: `GRANT ${missing.join(', ')} ON ${table} TO the role; without INSERT only the first route of an organization cannot be made`,
    }),
  ]
}

/** Without an organization no flip can be tried; whether the columns can hold what it writes is seen all the same. */
async function flipFindings(session: Session, routing: PostgresRouting, cells: readonly string[]): Promise<readonly Finding[]> {
  try {
    await new PostgresRouter(session, routing).explain(cells)
    return []
  } catch (error) {
    return [unwritable(routing.table, error)]
  }
}

function withoutEpoch(routing: PostgresRouting): Finding {
  return finding('OM2125', 'warning', { cell: ROUTING.cell }, {
    message: `the routing table ${tableKey(routing.table)} has no epoch column: the flip compares organization and cell alone, so a route that left and came back meanwhile goes unnoticed`,
    hint: 'add a bigint column and name it under routing.epoch_column',
  })
}
