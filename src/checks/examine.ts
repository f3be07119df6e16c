import { AsyncDisposableStack } from '../postgres/disposable-stack.js'
import { buildPlan } from '../domain/build-plan.js'
import type { Catalog } from '../domain/catalog.js'
import { classify } from '../domain/classify.js'
import { compareTables } from '../domain/compare-catalogs.js'
import { MoverError } from '../domain/errors.js'
import { finding, isBlocking } from '../domain/finding.js'
import type { Finding } from '../domain/finding.js'
import { allTables } from '../domain/move-plan.js'
import type { MovePlan } from '../domain/move-plan.js'
import type { Unit } from '../domain/ownership.js'
import type { SampledRate } from '../domain/sampled-rate.js'
import type { Tenancy } from '../domain/tenancy.js'
import type { Side } from '../domain/vocabulary.js'
import { typedLiteral } from '../dataplane/compare.js'
import { countOwned } from '../dataplane/chunks.js'
import { createKeySet, fillKeySets, shipToTarget } from '../dataplane/key-set-tables.js'
import { createMap, fillMap, matchLookupTable } from '../dataplane/lookup-maps.js'
import type { Scope } from '../dataplane/owned-rows.js'
import { createSharedSet, fillSharedSets } from '../dataplane/shared-rows.js'
import { sqlStateOf } from '../postgres/errors.js'
import { ident } from '../postgres/quote.js'
import { readCatalog } from '../postgres/read-catalog.js'
import type { Session } from '../postgres/session.js'
import type { Vault } from '../secrets/vault.js'
import { checkServer, checkSubscriptions, checkTables, comparedServers } from './check-cells.js'
import { checkForeignPartitions } from './foreign-partitions.js'
import { checkPurgeable } from './fires-on-delete.js'
import { lintColumns, lintLookups } from './lint-declarations.js'
import { checkElsewhere } from './check-elsewhere.js'
import { checkExempt } from './check-exempt.js'
import { checkKeyTypes } from './check-key-types.js'
import { checkKeyValues } from './check-key-values.js'
import { checkOwnership } from './check-ownership.js'
import { checkReferences } from './check-references.js'
import { checkSecrets } from './check-secrets.js'
import { proveSecrets } from './prove-secrets.js'
import { checkTarget } from './check-target.js'
import { checkUnownedParents } from './check-unowned-parents.js'
import { classificationFindings } from './classification-findings.js'
import { checkWritable } from './unwritable-tables.js'
import { checkWidth } from './check-width.js'
import { checkInboundIndexes } from './inbound-indexes.js'
import { measureRate } from './measure-rate.js'
import type { SampleRequest } from './measure-rate.js'
import { measureReads } from './measure-reads.js'
import { reportLostDigests } from './report-lost-digests.js'
import { resolveDeclaredSql } from './resolve-declared-sql.js'
import type { ReadMeasure } from './measure-reads.js'
import type { Examination } from './examination.js'

export interface ExamineRequest {
  readonly org: string
  readonly source: string
  readonly target: string
  readonly tenancy: Tenancy
  readonly sequences: 'check' | 'advance'
  /** Opens a reading session on one database of one side, with a statement limit for checks. */
  readonly open: (side: Side, database: string) => Promise<Session>
  readonly databases: readonly string[]
  readonly secrets: Vault
  readonly onStep?: (text: string) => void
  /** Measures how fast rows go, with a part of them. */
  readonly sample?: SampleRequest
}

export interface Examined {
  readonly plan: MovePlan
  readonly units: readonly Unit[]
  readonly catalogs: Readonly<Record<Side, ReadonlyMap<string, Catalog>>>
  readonly findings: readonly Finding[]
  /** Exact owned rows by table number; empty where the plan could not be examined that far. */
  readonly rows: ReadonlyMap<number, number>
  readonly reads: ReadonlyMap<number, ReadMeasure>
  /** False where findings kept it from the rows: `findings` are those of schema, declarations and rights alone. */
  readonly rowsChecked: boolean
  /** Null where nobody asked for it, or nothing could be examined that far. */
  readonly sampled: SampledRate | null
}

/**
 * Everything that prepare and `plan` find out about a move, in reading sessions of its own: key sets and staged rows are
 * temporary relations, gone with them. Stops early, with the findings so far, where the rest would rest on sand.
 */
export async function examine(request: ExamineRequest): Promise<Examined> {
  await using stack = new AsyncDisposableStack()
  const step = request.onStep ?? ((): void => undefined)
  const findings: Finding[] = []
  const sessions = new Map<string, Session>()
  step('reading the catalogs of both cells')
  const catalogs = { source: new Map<string, Catalog>(), target: new Map<string, Catalog>() }
  for (const side of ['source', 'target'] as const) {
    for (const database of request.databases) {
      const session = stack.use(await request.open(side, database))
      sessions.set(`${side}/${database}`, session)
      const catalog = await readCatalog(session)
      catalogs[side].set(database, catalog)
      findings.push(...(await checkServer(session, catalog, { cell: request[side], database })))
    }
  }
  const classification = classify(catalogs.source, request.tenancy)
  const { units } = classification
  findings.push(...classificationFindings(request.source, catalogs.source, request.tenancy, classification))
  const built = buildPlan({ org: request.org, source: request.source, target: request.target, catalogs: catalogs.source, units })
  const { plan: declared, findings: ofSecrets, lost } = await checkSecrets(built, request.secrets)
  findings.push(...schemaFindings(request, declared, catalogs))
  for (const side of ['source', 'target'] as const) {
    for (const database of request.databases) {
      const [session, place] = [sessionOf(sessions, side, database), { cell: request[side], database }]
      findings.push(...(await checkWritable(session, declared, side, place)), ...(await checkSubscriptions(session, declared, place)))
      findings.push(...(await checkForeignPartitions(session, declared, side, place)))
    }
  }
  for (const database of request.databases) findings.push(...(await checkPurgeable(sessionOf(sessions, 'source', database), declared, { cell: request.source, database })))
  findings.push(...ofSecrets)
  const known = { plan: declared, units, catalogs, findings, rows: new Map<number, number>(), reads: new Map<number, ReadMeasure>(), rowsChecked: false, sampled: null }
  const declaredExam = { plan: declared, catalogs, sequences: request.sequences, session: (side: Side, database: string) => sessionOf(sessions, side, database), report: (found: Finding): void => void findings.push(found) }
  const lint = { cell: request.source, catalogs: catalogs.source, tenancy: request.tenancy, units }
  const wrong = [...lintColumns(lint), ...lintLookups(lint)].filter(({ code, severity }) => code === 'OM2125' && severity === 'error')
  findings.push(...wrong)
  // what is wrong with declarations is listed whole, but not where the role may not even look
  const isReadable = !findings.some(({ code, cell }) => cell === request.source && ['OM2010', 'OM2012', 'OM2120'].includes(code))
  const plan = isReadable ? await resolveDeclaredSql(declaredExam, units) : null
  if (isFatal(findings) || wrong.length > 0) return known
  await assertOrganization(declaredExam, request.org)
  if (plan === null || !(await checkKeyTypes(declaredExam))) return known
  const exam = { ...declaredExam, plan }
  step('resolving whose rows they are')
  await request.secrets.open(plan)
  const full = await materialize(exam, request.secrets)
  step(`checking ${plan.owned.length} tables`)
  if ([...full.counts.values()].every((rows) => rows === 0)) {
    findings.push(finding('OM2004', 'error', { cell: request.source }, { message: `organization ${request.org} owns no row on ${request.source}`, hint: 'check the id and the source cell' }))
  }
  await checkOwnership(full)
  await checkKeyValues(full)
  const closed = await proveSecrets(full, request.secrets)
  // rows whose secrets cannot be written for the target are looked at as they are stored
  const readable: Examination = { ...full, shared: { ...full.shared, secrets: (table) => (closed.has(table.no) ? null : request.secrets.pass(table)) } }
  await reportLostDigests(readable, lost)
  await checkElsewhere(readable)
  await checkReferences(readable)
  await checkUnownedParents(readable)
  await checkExempt(readable)
  const wide = await checkWidth(readable)
  const final = { ...plan, owned: plan.owned.map((table) => (wide.has(table.no) ? { ...table, binary: true } : table)) }
  await checkTarget({ ...readable, plan: final })
  const reads = await measureReads(full)
  checkInboundIndexes(full)
  const sized = final.owned.map((table) => {
    const rows = full.counts.get(table.no) ?? 0
    return rows === 0 ? table : { ...table, rowBytes: Math.round((reads.get(table.no)?.bytes ?? 0) / rows) }
  })
  if (request.sample !== undefined) step('measuring how fast rows go')
  const sampled = request.sample === undefined ? null : await measureRate({ ...readable, plan: final }, reads, request.sample)
  return { ...known, plan: { ...final, owned: sized }, rows: full.counts, reads, rowsChecked: true, sampled }
}

/** The id must be a value of the root's key, written as the database writes it: routing knows it by that text. */
async function assertOrganization(exam: Pick<Examination, 'plan' | 'session'>, org: string): Promise<void> {
  const table = exam.plan.owned.find((t) => t.class === 'root') ?? exam.plan.owned.find((t) => t.ownership.kind === 'keys' && t.ownership.alternatives.some((a) => a.kind === 'direct'))
  if (table === undefined || table.ownership.kind !== 'keys') return
  const direct = table.ownership.alternatives.find((a) => a.kind === 'direct')
  const column = direct === undefined ? undefined : table.columns.find((c) => c.name === direct.column)
  if (column === undefined) return
  const wrong = (hint: string, cause?: unknown): MoverError =>
    new MoverError({ code: 'OM1006', message: `${JSON.stringify(org)} is not an organization id as ${table.id.schema}.${table.id.name}.${column.name} (${column.type}) holds it; nothing was changed`, hint, retry: 'after-fix', cause })
  try {
    const { text } = await exam.session('source', table.id.database).one<{ text: string }>(`SELECT (${typedLiteral(org, column)})::text AS text`)
    if (text !== org) throw wrong(`write it as ${JSON.stringify(text)}`)
  } catch (error) {
    if (/^2[23]/.test(sqlStateOf(error) ?? '')) throw wrong('check the id', error)
    throw error
  }
}

function sessionOf(sessions: ReadonlyMap<string, Session>, side: Side, database: string): Session {
  const session = sessions.get(`${side}/${database}`)
  if (session === undefined) throw new RangeError(`no session on ${side}/${database}`)
  return session
}

/** Without these, rows cannot be looked at in any useful way. */
function isFatal(findings: readonly Finding[]): boolean {
  return isBlocking(findings.filter((f) => ['OM2001', 'OM2012', 'OM2102', 'OM2108', 'OM2120', 'OM2010', 'OM2116', 'OM2131'].includes(f.code)))
}

function schemaFindings(request: ExamineRequest, plan: MovePlan, catalogs: Examined['catalogs']): readonly Finding[] {
  return request.databases.flatMap((database) => {
    const [source, target] = [catalogs.source.get(database), catalogs.target.get(database)]
    if (source === undefined || target === undefined) return []
    const place = { cell: request.target, database }
    const names = allTables(plan).filter((table) => table.id.database === database).map((table) => table.id)
    return [...comparedServers(source, target, place), ...compareTables(source, target, names, place)]
  }).concat(checkTables(plan, catalogs.source, 'source'), checkTables(plan, catalogs.target, 'target'))
}

/** Key sets, lookup maps and shared sets as temporary relations, and the exact counts. */
async function materialize(exam: Pick<Examination, 'plan' | 'catalogs' | 'sequences' | 'session' | 'report'>, secrets: Vault): Promise<Examination> {
  const { plan } = exam
  const scope: Scope = { org: plan.org, keySets: plan.keySets, relation: (set) => `pg_temp.${ident(`keys_${set.no}`)}` }
  const map = (no: number): string => `pg_temp.${ident(`map_${no}`)}`
  const context = { owned: plan.owned, scope, temporary: true }
  for (const set of plan.keySets) {
    for (const database of set.databases) for (const side of ['source', 'target'] as const) await createKeySet(exam.session(side, database), set, context)
  }
  await fillKeySets(context, (database) => exam.session('source', database))
  for (const lookup of plan.lookups) {
    for (const database of plan.databases) await createMap(exam.session('source', database), lookup, { map, temporary: true })
    if (lookup.matchBy.length === 0) continue
    const match = await matchLookupTable(exam.session('source', lookup.id.database), exam.session('target', lookup.id.database), lookup)
    for (const database of plan.databases) await fillMap(exam.session('source', database), lookup, match, { map, temporary: true })
  }
  for (const set of plan.keySets) {
    for (const database of set.databases) await shipToTarget(exam.session('source', database), exam.session('target', database), set, { ...context, map })
  }
  const counts = new Map<number, number>()
  for (const database of plan.databases) {
    for (const [no, rows] of await countOwned(exam.session('source', database), plan.owned.filter((t) => t.id.database === database), scope)) counts.set(no, rows)
  }
  const shared = { plan, scope, temporary: true, relation: (no: number): string => `pg_temp.${ident(`shared_${no}`)}`, secrets: secrets.pass }
  for (const table of plan.shared) if (table.identity !== null) await createSharedSet(exam.session('source', table.id.database), table, shared)
  for (const database of plan.databases) await fillSharedSets(exam.session('source', database), database, shared, (no) => (counts.get(no) ?? 0) > 0)
  return { ...exam, scope, map, shared, counts }
}
