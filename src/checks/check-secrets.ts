import type { SecretRule } from '../domain/dictionary.js'
import { finding } from '../domain/finding.js'
import type { Finding } from '../domain/finding.js'
import { allTables } from '../domain/move-plan.js'
import type { MovePlan, PlanColumn, TableShape } from '../domain/move-plan.js'
import { parseJsonPath } from '../secrets/json-path.js'
import { isSameKey } from '../secrets/keyring.js'
import type { NamedKey } from '../secrets/keyring.js'
import { writtenBy } from '../secrets/secret-columns.js'
import type { Written } from '../secrets/secret-columns.js'
import type { SecretTools } from '../secrets/secret-tools.js'
import type { Vault } from '../secrets/vault.js'
import { nameOf, placeOf } from './examination.js'
import type { LostDigests } from './report-lost-digests.js'

interface SecretsChecked {
  readonly findings: readonly Finding[]
  /** The plan in which only those columns are secret that must be encrypted anew, and can be. */
  readonly plan: MovePlan
  /** Digests whose loss is accepted by name: to be named row by row. */
  readonly lost: readonly LostDigests[]
}

/**
 * Whether every declared secret of a moving table can be written for the target: codec, options, keys of both cells. What both cells read with the
 * same key travels as it is stored. Reads keyrings and codec modules, and those only where a moving column is declared secret.
 */
export async function checkSecrets(plan: MovePlan, vault: Vault): Promise<SecretsChecked> {
  const tables = allTables(plan).filter((table) => table.columns.some((column) => column.secrets.length > 0))
  if (tables.length === 0) return { findings: [], plan, lost: [] }
  const isStaged = vault.mode === 'staged'
  const tools = isStaged ? { codecs: await vault.codecs(), keyrings: { source: null, target: null } } : await vault.tools()
  const findings: Finding[] = isStaged && vault.transportKey === null ? [finding('OM2114', 'error', { cell: plan.target }, { message: `secrets travel sealed, and ${plan.target} has no transport_key to which they could be`, hint: '`org-mover secrets keygen` makes one on the side of the target; pin its public half as transport_key of the cell' })] : []
  const changed = new Map<number, readonly PlanColumn[]>()
  const lost: LostDigests[] = []
  for (const table of tables) {
    const report = (code: 'OM2114' | 'OM2128', column: PlanColumn, problem: Problem): void => void findings.push(finding(code, 'error', placeOf({ plan }, 'source', table), { message: `secret column ${column.name} of ${nameOf(table)}: ${problem.message}`, hint: problem.hint }))
    changed.set(table.no, table.columns.map((column) => {
      if (column.secrets.length === 0) return column
      const problems = [...(isStaged ? stagedProblems(table, column, tools, plan) : problemsOf(column, tools, plan)), ...placeProblems(table, column, tools)]
      for (const one of problems) report('OM2114', column, one)
      for (const rule of column.secrets.filter((one) => isDigest(one) && !isShared(one, tools))) {
        const name = `${nameOf(table)}.${column.name}`
        if (rule.acceptLoss === name) lost.push({ tableNo: table.no, column: column.name })
        else report('OM2128', column, problem(`its digests are salted with key ${rule.key}, which the cells do not share: nothing on the target would find them`, `give both cells the key, or accept the loss by name: accept_loss: ${name}`))
      }
      const isLeft = problems.length > 0 || column.secrets.every((rule) => isDigest(rule) || travelsAsStored(rule, column.secrets, tools))
      return { ...column, secrets: isLeft ? [] : column.secrets.filter((rule) => !isDigest(rule)) }
    }))
  }
  return { findings, plan: withColumns(plan, changed), lost }
}

function withColumns(plan: MovePlan, changed: ReadonlyMap<number, readonly PlanColumn[]>): MovePlan {
  const withSecrets = <T extends TableShape>(table: T): T => ({ ...table, columns: changed.get(table.no) ?? table.columns })
  return { ...plan, owned: plan.owned.map(withSecrets), shared: plan.shared.map(withSecrets), lookups: plan.lookups.map(withSecrets) }
}

interface Problem {
  readonly message: string
  readonly hint: string
}

function problem(message: string, hint: string): Problem {
  return { message, hint }
}

function isDigest(rule: Pick<SecretRule, 'codec'>): boolean {
  return rule.codec === 'digest'
}

/** Whether the target reads what the source wrote, and would write it with the same version of the key. */
function travelsAsStored(rule: SecretRule, rules: readonly SecretRule[], { keyrings }: SecretTools): boolean {
  const written = writtenBy(rule, rules)
  const [from, to] = [keyrings.source?.get(rule.key), keyrings.target?.get(written.key)]
  return written.codec === rule.codec && written.key === rule.key && from !== undefined && to !== undefined && isSameKey(from, to) && from.current === to.current && JSON.stringify(written.options) === JSON.stringify(rule.options)
}

function problemsOf(column: PlanColumn, tools: SecretTools, plan: MovePlan): readonly Problem[] {
  return column.secrets.filter((rule) => !isDigest(rule)).flatMap((rule) => {
    const { to: _, ...options } = rule.options
    const read = rule.codec === 'plaintext' ? codecProblems({ ...rule, options }, null, tools) : sideProblems({ ...rule, options }, 'source', plan.source, tools)
    return [...read, ...sideProblems(writtenBy(rule, column.secrets), 'target', plan.target, tools)]
  })
}

function sideProblems(written: Written, side: 'source' | 'target', cell: string, tools: SecretTools): readonly Problem[] {
  const key = tools.keyrings[side]?.get(written.key)
  if (key === undefined) return [problem(`the keyring of ${cell} has no key ${written.key}`, 'name a keyring for both cells, with this key')]
  return codecProblems(written, key, tools).map(({ message, ...rest }) => ({ message: `${cell}: ${message}`, ...rest }))
}

function codecProblems({ codec: name, options }: Written, key: NamedKey | null, { codecs }: SecretTools): readonly Problem[] {
  const codec = codecs.get(name)
  if (codec === undefined) return [problem(`there is no codec ${name}`, `codecs are ${[...codecs.keys()].sort().join(', ')}, digest, and those of modules under secrets.codecs`)]
  return key === null ? [] : (codec.problems?.(options, key) ?? []).map((text) => problem(text, 'correct the options of the rule or the keyring; docs/secrets.md has both'))
}

/** Where nobody here has a key: what can be told without one. Keys and values are looked at when the secrets are sealed, and when they are opened. */
function stagedProblems(table: TableShape, column: PlanColumn, { codecs }: SecretTools, plan: MovePlan): readonly Problem[] {
  const unknown = column.secrets.filter((rule) => !isDigest(rule)).flatMap((rule) => [rule.codec, writtenBy(rule, column.secrets).codec]).filter((name) => !codecs.has(name))
  const isOwned = plan.owned.some((one) => one.no === table.no)
  return [
    ...[...new Set(unknown)].map((name) => problem(`there is no codec ${name}`, 'correct the name, or name its module under secrets.codecs')),
    ...(isOwned ? [] : [problem('secrets of shared and lookup tables cannot travel sealed: rows that are on both cells could not be compared', 'move with secrets.mode: inline, or declare the table skip')]),
    ...(isOwned && table.identity === null ? [problem('its table has no key by which sealed values would find their row', 'add a primary key, or move with secrets.mode: inline')] : []),
  ]
}

/** Whether the column can hold what the rules say. */
function placeProblems(table: TableShape, column: PlanColumn, { codecs }: SecretTools): readonly Problem[] {
  const { name: type } = column.castType
  const isDocument = type === 'json' || type === 'jsonb'
  const paths = column.secrets.map(({ path }) => path)
  return [
    ...paths.flatMap((path) => {
      const steps = path === null ? [] : parseJsonPath(path)
      return typeof steps === 'string' ? [problem(`the path ${path ?? ''} cannot be read: ${steps}`, 'see docs/secrets.md for the paths that are understood')] : []
    }),
    ...(paths.some((path) => path !== null) && !isDocument ? [problem(`it has a path, but is of type ${column.type}`, 'a path leads into a json or jsonb column')] : []),
    ...(paths.some((path) => path !== null) && paths.includes(null) ? [problem('some of its rules have a path and some have none', 'give each rule a path, or none')] : []),
    ...(column.generated ? [problem('it is a generated column', 'declare the column that it is made of')] : []),
    ...column.secrets.flatMap((rule) => (codecs.get(rule.codec)?.siblings?.(column.name, rule.options) ?? []).filter((name) => !table.columns.some((one) => one.name === name)).map((name) => problem(`its table has no column ${name}, which belongs to it`, 'correct the options of the rule'))),
  ]
}

/** A digest salted with the cell's key cannot be made again from itself: it is good only where the other cell has the key. */
function isShared({ key }: SecretRule, { keyrings }: SecretTools): boolean {
  const [from, to] = [keyrings.source?.get(key), keyrings.target?.get(key)]
  return from !== undefined && to !== undefined && isSameKey(from, to)
}
