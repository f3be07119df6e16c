import { tableKey, tableNamed } from '../domain/catalog.js'
import type { Column, ForeignKey } from '../domain/catalog.js'
import { MoverError } from '../domain/errors.js'
import { finding } from '../domain/finding.js'
import type { Finding } from '../domain/finding.js'
import type { MovePlan, OwnedTable, PlanColumn } from '../domain/move-plan.js'
import { canonical, spellingOf, spellingOfText } from '../domain/spelling.js'
import type { Spelling } from '../domain/spelling.js'
import { ancestorsOf } from '../domain/standing.js'
import { foreignKeysByTable } from '../domain/table-facts.js'
import { belongs, planColumn, tableItself } from '../dataplane/owned-rows.js'
import { compared, typedLiteral, underCollation } from '../dataplane/compare.js'
import { columnOf, ident, literal, qualified } from '../postgres/quote.js'
import { sql } from '../postgres/sql.js'
import { eachKey } from './distinct-keys.js'
import type { KeyColumn } from './distinct-keys.js'
import { bounded, nameOf, placeOf, reportRows, sample } from './examination.js'
import type { Examination } from './examination.js'
import { SCAN_WORTH_TELLING_BYTES } from './measure-reads.js'

/** So many organizations' keys are looked at in one column for other spellings, and so many for ids of nobody, which stop nothing. */
const MOST_KEYS = { spellings: 1_000_000, unnamed: 100_000 } as const

/** More wrong values than that are counted no further. */
const MOST_LISTED = 100

/** What the key columns of a cell hold: the ids of the organizations. */
interface Ids {
  /** How the id of the organization is written; null where that is not known of its type. */
  readonly spelling: Spelling | null
  /** Whether anything in the cell says that two spellings are one organization. */
  readonly isCertain: boolean
  /** Those of the root's database by their table; with ten thousand tables a search each time would take minutes. */
  readonly foreignKeys: ReadonlyMap<string, readonly ForeignKey[]>
  readonly root: { readonly table: OwnedTable; readonly column: PlanColumn; readonly type: Column; readonly spelling: Spelling | null } | null
}

/** What of the source it takes to ask; the rest of an examination is for prepare alone. */
type Asked = Pick<Examination, 'plan' | 'catalogs' | 'session' | 'scope' | 'report'>

/**
 * Key columns that no foreign key holds to the organizations: other spellings of this one, whose rows nothing would find (P4), and ids that name
 * none, whose rows belong to nobody. Reads the source by the distinct values of each column.
 */
export async function checkKeyValues(exam: Examination): Promise<void> {
  for (const { table, what, ask } of questions(exam, 'all')) await bounded(exam, placeOf(exam, 'source', table), what, ask)
}

/** Types that print each value in one way only, whose columns need not be asked. */
const ONE_SPELLING: ReadonlySet<string> = new Set(['smallint', 'integer', 'bigint', 'uuid'])

/** Whether any key column could hold the organization in another spelling. Pure: a schema without such columns costs nothing. */
export function mayBeMisspelled(plan: MovePlan): boolean {
  return plan.owned.some((table) => table.ownership.kind === 'keys' && table.ownership.alternatives.some((one) => one.kind === 'direct' && !ONE_SPELLING.has(planColumn(table, one.column).type)))
}

/**
 * Under the freeze: other spellings again, which may have come since prepare, and would stay behind in silence. Asks the columns that prepare asked, at
 * the same cost. Throws OM4003 with the rows, the fence up, and OM3012 where a statement takes too long.
 */
export async function assertSpelledAlike(frozen: Omit<Asked, 'report'>): Promise<void> {
  const found: Finding[] = []
  for (const { ask } of questions({ ...frozen, report: (one) => void found.push(one) }, 'spellings')) await ask()
  const [first] = found.filter(({ severity }) => severity === 'error')
  if (first === undefined) return
  const examples = (first.examples ?? []).map((key) => Object.values(key).join('/')).join(', ')
  throw new MoverError({ code: 'OM4003', message: `since prepare: ${first.message} (${examples}). The source is fenced, the route unchanged`, hint: `abort the move, then: ${first.hint}`, retry: 'after-fix' })
}

interface Question {
  readonly table: OwnedTable
  readonly what: string
  readonly ask: () => Promise<void>
}

function questions(exam: Asked, seeks: 'all' | 'spellings'): readonly Question[] {
  const ids = idsOf(exam)
  const columns = directColumns(exam).filter(({ table, name }) => !isHeld(exam, table, name, ids))
  return [
    ...columns.map(({ table, name }) => ({ table, what: `other spellings of the organization in ${name}`, ask: () => checkColumn(exam, ids, { table, name }, seeks) })),
    ...(ids.root === null ? [] : [ids.root].map((root) => ({ table: root.table, what: 'other spellings of the organization', ask: () => checkRoot(exam, root) }))),
  ]
}

function idsOf(exam: Asked): Ids {
  const table = exam.plan.owned.find((one) => one.class === 'root')
  const column = table?.ownership.kind === 'keys' ? table.ownership.alternatives.find((a) => a.kind === 'direct')?.column : undefined
  const type = table === undefined || column === undefined ? undefined : typeOf(exam, table, column)
  if (table !== undefined && column !== undefined && type !== undefined) {
    const spelling = spellingOf(type)
    const catalog = exam.catalogs.source.get(table.id.database)
    return { foreignKeys: catalog === undefined ? new Map() : foreignKeysByTable(catalog), root: { table, column: planColumn(table, column), type, spelling }, spelling: spelling === 'text' ? spellingOfText(exam.plan.org) : spelling, isCertain: true }
  }
  const others = directColumns(exam).map(({ table: one, name }) => spellingOf(typeOf(exam, one, name) ?? UNKNOWN))
  const typed = others.find((one) => one === 'integer' || one === 'uuid')
  return { foreignKeys: new Map(), root: null, spelling: typed ?? spellingOfText(exam.plan.org), isCertain: typed !== undefined }
}

const UNKNOWN = { baseType: { schema: '', name: '' }, isArray: false }

function directColumns(exam: Asked): readonly { readonly table: OwnedTable; readonly name: string }[] {
  return exam.plan.owned.flatMap((table) => (table.class === 'root' || table.ownership.kind !== 'keys' ? [] : table.ownership.alternatives.flatMap((a) => (a.kind === 'direct' ? [{ table, name: a.column }] : []))))
}

function typeOf(exam: Asked, table: OwnedTable, name: string): Column | undefined {
  return tableNamed(exam.catalogs.source.get(table.id.database), table.id)?.columns.find((column) => column.name === name)
}

/** A validated foreign key leaves no value that is not an organization's. */
function isHeld(exam: Asked, table: OwnedTable, name: string, { root, foreignKeys }: Ids): boolean {
  const catalog = exam.catalogs.source.get(table.id.database)
  const found = tableNamed(catalog, table.id)
  if (root === null || found === undefined || root.table.id.database !== table.id.database) return false
  const keys = [table.id, ...ancestorsOf(catalog, found)].flatMap((one) => foreignKeys.get(tableKey(one)) ?? [])
  return keys.some((key) => key.validated && key.columns.length === 1 && key.columns[0] === name && tableKey(key.references) === tableKey(root.table.id))
}

async function checkColumn(exam: Asked, ids: Ids, { table, name }: { readonly table: OwnedTable; readonly name: string }, seeks: 'all' | 'spellings'): Promise<void> {
  const type = typeOf(exam, table, name)
  const own = type === undefined ? null : spellingOf(type)
  const { spelling } = ids
  const isSought = spelling !== null && spelling !== 'text' && (own === 'text' || own === 'caseless')
  const named = seeks === 'all' ? ids.root : null
  if (!isSought && named === null) return
  const column = planColumn(table, name)
  const [respelled, unnamed] = [new Set<string>(), new Set<string>()]
  const isWhole = await eachKey(keyColumn(exam, table, column), { values: isSought ? MOST_KEYS.spellings : MOST_KEYS.unnamed, scanBytes: isSought ? Infinity : SCAN_WORTH_TELLING_BYTES }, async (values) => {
    const others = values.filter((value) => value !== exam.plan.org)
    const alike = new Set(isSought ? others.filter((value) => isSpelled(value, exam.plan.org, spelling)) : [])
    // what stands in the root table as text is an organization of its own
    for (const value of ids.root?.spelling === 'text' ? await unnamedOf(exam, ids.root, [...alike]) : alike) add(respelled, value)
    if (named !== null) for (const value of await unnamedOf(exam, named, others.filter((value) => !alike.has(value)), type === undefined ? undefined : { type, database: table.id.database })) add(unnamed, value)
  })
  await reportSpellings(exam, ids, { table, column }, respelled)
  reportUnnamed(exam, { table, column }, unnamed)
  if (isSought && !isWhole) {
    exam.report(finding('OM2124', 'error', placeOf(exam, 'source', table), { message: `${name} of ${nameOf(table)} holds too many different values to look for other spellings of organization ${exam.plan.org} among them`, hint: 'give the column the type of the root key, or an index' }))
  }
}

function keyColumn(exam: Asked, table: OwnedTable, column: PlanColumn): KeyColumn {
  const { database } = table.id
  return { session: exam.session('source', database), catalog: exam.catalogs.source.get(database), table, column }
}

function isSpelled(value: string, org: string, spelling: Spelling): boolean {
  const id = canonical(org, spelling)
  return id !== null && canonical(value, spelling) === id
}

/** One more than is listed tells that there are more. */
function add(set: Set<string>, value: string): void {
  if (set.size <= MOST_LISTED) set.add(value)
}

/** Where values come from. */
interface Origin {
  readonly type: Column
  readonly database: string
}

/** Those that the root table does not have. What its key could not even hold never reaches the server. A numeric prints its scale. */
async function unnamedOf(exam: Asked, root: NonNullable<Ids['root']>, values: readonly string[], of?: Origin): Promise<readonly string[]> {
  const { spelling, type, column } = root
  if (of !== undefined && isLoose(of.type)) return of.database === root.table.id.database ? unnamedLoosely(exam, root, values, of.type) : []
  const isNumeric = of?.type.baseType.name === 'numeric'
  const isTyped = spelling === 'integer' || spelling === 'uuid'
  const asked = new Map<string, string>()
  for (const value of values) {
    const id = isTyped ? canonical(isNumeric ? value.replace(/\.0+$/, '') : value, spelling) : value
    if (id !== null && (spelling !== 'integer' || isBigint(id))) asked.set(value, id)
  }
  const base = spelling === 'integer' ? { schema: 'pg_catalog', name: 'int8' } : type.baseType
  const rows = asked.size === 0 ? [] : await exam.session('source', root.table.id.database).rows<{ key: string }>(sql('prepare/unnamed-keys', { root: rootRows(root.table), same: compared(columnOf('r', column.name), '=', `v.key::${qualified(base)}`, column.equality) }), [[...new Set(asked.values())]])
  const missing = new Set(rows.map(({ key }) => key))
  return values.filter((value) => missing.has(asked.get(value) ?? '') || !asked.has(value))
}

/** Whether the column calls different texts equal. */
function isLoose(column: Column): boolean {
  return spellingOf(column) === 'caseless' || !column.deterministic
}

/** As the column itself compares the ids; another database may not have its type or collation, so that nothing can be said there. */
async function unnamedLoosely(exam: Asked, { table, column }: NonNullable<Ids['root']>, values: readonly string[], of: Column): Promise<readonly string[]> {
  if (values.length === 0) return []
  const [id, value] = [`${columnOf('r', column.name)}::text`, 'v.key'].map((text) => underCollation(`${text}::${qualified(of.baseType)}`, of.collation))
  const same = compared(id ?? '', '=', value ?? '', of.equalitySchema ?? 'pg_catalog')
  const rows = await exam.session('source', table.id.database).rows<{ key: string }>(sql('prepare/unnamed-keys', { root: rootRows(table), same }), [values])
  return rows.map(({ key }) => key)
}

function rootRows(table: OwnedTable): string {
  return tableItself(table).replace(/ AS t$/, ' AS r')
}

function isBigint(id: string): boolean {
  return id.length <= 20 && BigInt.asIntN(64, BigInt(id)) === BigInt(id)
}

interface Place {
  readonly table: OwnedTable
  readonly column: PlanColumn
}

async function reportSpellings(exam: Asked, ids: Ids, { table, column }: Place, respelled: ReadonlySet<string>): Promise<void> {
  if (respelled.size === 0) return
  const listed = [...respelled].slice(0, MOST_LISTED)
  const name = columnOf('t', column.name)
  const any = listed.map((value) => compared(name, '=', typedLiteral(value, column), column.equality)).join(' OR ')
  // under a collation or a type of its own, other spellings may be the organization's all the same
  const where = `(${any}) AND (${belongs(table, { kind: 'direct', column: column.name }, exam.scope)}) IS NOT TRUE`
  const rows = await sample(exam.session('source', table.id.database), table, { from: tableItself(table), where })
  const [shown, more] = [listed.slice(0, 5).map((value) => JSON.stringify(value)).join(', '), respelled.size > 5 ? ', …' : '']
  reportRows(exam, 'OM2134', ids.isCertain ? 'error' : 'warning', placeOf(exam, 'source', table), {
    message: `${respelled.size > MOST_LISTED ? 'at least ' : ''}${rows.total} row(s) of ${nameOf(table)} hold organization ${exam.plan.org} in ${column.name} (${column.type}) in another spelling (${shown}${more}): they would stay behind`,
    hint: `write the id as the organization has it (UPDATE ${qualified(table.id)} SET ${ident(column.name)} = ${literal(exam.plan.org)} WHERE ${ident(column.name)} IN (${listed.slice(0, 5).map(literal).join(', ')})), or declare \`exempt: query\` with a where that finds these rows`,
  }, rows)
}

function reportUnnamed(exam: Asked, { table, column }: Place, unnamed: ReadonlySet<string>): void {
  if (unnamed.size === 0) return
  const isMore = unnamed.size > MOST_LISTED
  const listed = [...unnamed].slice(0, MOST_LISTED)
  exam.report(
    finding('OM2103', 'warning', placeOf(exam, 'source', table), {
      message: `${isMore ? 'more than ' : ''}${listed.length} value(s) of ${column.name} of ${nameOf(table)} name no organization: their rows belong to nobody and stay`,
      hint: 'remove them or correct the key; a foreign key would have prevented them',
    }, { count: listed.length, examples: listed.slice(0, 5).map((value) => ({ [column.name]: value })) }),
  )
}

/** Ids that are text may be two organizations and one value of a key column of another type: its rows would be both's. */
async function checkRoot(exam: Asked, root: NonNullable<Ids['root']>): Promise<void> {
  if (root.spelling !== 'text') return
  const others = directColumns(exam).flatMap(({ table, name }) => {
    const spelling = spellingOf(typeOf(exam, table, name) ?? UNKNOWN)
    return spelling === null || spelling === 'text' ? [] : [{ spelling, text: `${nameOf(table)}.${name}` }]
  })
  if (others.length === 0) return
  const alike = new Set<string>()
  await eachKey(keyColumn(exam, root.table, root.column), { values: MOST_KEYS.spellings, scanBytes: Infinity }, async (values) => {
    for (const value of values) if (value !== exam.plan.org && others.some(({ spelling }) => isSpelled(value, exam.plan.org, spelling))) add(alike, value)
  })
  if (alike.size === 0) return
  exam.report(
    finding('OM2134', 'error', placeOf(exam, 'source', root.table), {
      message: `${[...alike].slice(0, 5).map((value) => JSON.stringify(value)).join(', ')} of ${nameOf(root.table)} would be one organization with ${exam.plan.org} in ${others.slice(0, 3).map(({ text }) => text).join(', ')}, which cannot tell them apart`,
      hint: 'give these key columns the type of the root key, or the organizations other ids',
    }, { count: Math.min(alike.size, MOST_LISTED), examples: [...alike].slice(0, 5).map((value) => ({ [root.column.name]: value })) }),
  )
}
