import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { databaseSql } from '../generated-cell/ddl.js'
import { CELLS } from '../generated-cell/model.js'
import type { GeneratedCase, GeneratedTable } from '../generated-cell/model.js'
import { seeded } from '../generated-cell/random.js'
import { SchemaDraft } from './schema-draft.js'
import type { Organization } from './schema-draft.js'

/** Names of key columns, and the root that each refers to: 28, as in the schema that this is modelled on. */
const KEY_COLUMNS: readonly (readonly [column: string, root: Root])[] = [
  ...['project_id', 'target_project_id', 'source_project_id', 'parent_project_id', 'upstream_project_id', 'protected_project_id', 'snippet_project_id', 'issue_project_id', 'pool_project_id'].map((name) => [name, 'projects'] as const),
  ...['namespace_id', 'group_id', 'top_level_namespace_id', 'work_item_namespace_id', 'epic_group_id', 'shared_group_id', 'owner_namespace_id', 'billed_namespace_id', 'root_group_id'].map((name) => [name, 'namespaces'] as const),
  ...['user_id', 'owner_id', 'snippet_user_id', 'bot_user_id', 'reviewer_id', 'member_user_id'].map((name) => [name, 'users'] as const),
  ...['organization_id', 'owner_organization_id', 'snippet_organization_id', 'billed_organization_id'].map((name) => [name, 'organizations'] as const),
]
type Root = 'organizations' | 'namespaces' | 'projects' | 'users'

const ROWS_PER_TABLE = 2
const PARTITIONS = { a: ['100', '101'], b: ['200', '201'] } as const

export interface DecomposedOptions {
  /** About so many tables over the three databases of a cell. */
  readonly tables: number
  /** Of each organization. */
  readonly rowsPerTable?: number
}

/** The case, and `write` for its dictionary, in the format of GitLab's db/docs. */
export interface DecomposedCell {
  readonly generated: GeneratedCase
  write(directory: string): Promise<void>
}

/** A cell decomposed into main, ci and sec, whose owners the dictionary alone can tell; the rows know them by construction. */
export function decomposedCell({ tables: wanted, rowsPerTable = ROWS_PER_TABLE }: DecomposedOptions): DecomposedCell {
  const draft = new SchemaDraft()
  const builder = new DecomposedBuilder(draft, rowsPerTable)
  builder.roots()
  builder.pipelines()
  builder.splitEvents()
  for (let n = 1; draft.tables.length < wanted; n++) builder.another(n)
  const [moving] = draft.organizations
  const generated: GeneratedCase = {
    databases: ['main', 'ci', 'sec'],
    schema: 'public',
    tables: draft.tables,
    org: moving?.id ?? '',
    config: {},
    setUp: (cell, database) => databaseSql(draft.tables, database, { schema: 'public', cell, random: seeded(cell === 'a' ? 1 : 2) }),
  }
  return { generated, write: (directory) => writeDictionary(directory, draft.descriptions) }
}

/** What the configuration says of the classes. */
export const CLASSES = {
  gitlab_main_org: { database: 'main' },
  gitlab_main_user: { database: 'main' },
  gitlab_ci: { database: 'ci' },
  gitlab_sec: { database: 'sec' },
  gitlab_main_cell_local: { database: 'main', exempt: 'skip' },
  gitlab_ci_cell_local: { database: 'ci', exempt: 'skip' },
} as const

class DecomposedBuilder {
  readonly #draft: SchemaDraft
  readonly #rows: number
  readonly #roots = new Map<Root, GeneratedTable>()
  readonly #parents: Record<'main' | 'ci' | 'sec', GeneratedTable[]> = { main: [], ci: [], sec: [] }

  constructor(draft: SchemaDraft, rows: number) {
    this.#draft = draft
    this.#rows = rows
  }

  roots(): void {
    const draft = this.#draft
    const key = { organization_id: 'organizations' }
    const organizations = draft.table('organizations', { describe: { gitlab_schema: 'gitlab_main_org' } })
    const namespaces = draft.table('namespaces', { describe: { gitlab_schema: 'gitlab_main_org', sharding_key: key } })
    const users = draft.table('users', { describe: { gitlab_schema: 'gitlab_main_user', sharding_key: key } })
    const projects = draft.table('projects', { describe: { gitlab_schema: 'gitlab_main_org', sharding_key: key } })
    for (const table of [namespaces, users, projects]) draft.reference(table, 'organization_id', organizations)
    draft.reference(namespaces, 'parent_id', namespaces, { notNull: false })
    draft.reference(projects, 'namespace_id', namespaces)
    draft.reference(projects, 'creator_id', users, { notNull: false, action: 'ON DELETE SET NULL' })
    for (const [name, table] of Object.entries({ organizations, namespaces, users, projects }) as [Root, GeneratedTable][]) this.#roots.set(name, table)
    for (const organization of draft.organizations) {
      const at = [[organization.cell], organization.id] as const
      draft.row(organizations, ...at, { id: organization.id })
      const top = draft.row(namespaces, ...at, { organization_id: organization.id })
      draft.row(namespaces, ...at, { organization_id: organization.id, parent_id: top.values['id'] ?? null })
      const user = draft.row(users, ...at, { organization_id: organization.id })
      for (let n = 0; n < 3; n++) draft.row(projects, ...at, { organization_id: organization.id, namespace_id: top.values['id'] ?? null, creator_id: user.values['id'] ?? null })
    }
  }

  /** Partitioned by numbers that are local to a cell and stand in keys and foreign keys. */
  pipelines(): void {
    const draft = this.#draft
    const partitions = draft.table('ci_partitions', { database: 'ci', kind: 'lookup', describe: { gitlab_schema: 'gitlab_ci', move: { exempt: 'lookup', match_by: ['name'] } } })
    partitions.columns.push({ name: 'name', type: 'text', constraint: 'NOT NULL UNIQUE', computed: false })
    for (const n of [0, 1]) {
      const row = draft.row(partitions, CELLS, null, { name: `generation ${n}` })
      for (const cell of CELLS) Object.assign(row.perCell[cell], { id: PARTITIONS[cell][n] ?? null })
    }
    const move = { columns: { partition_id: { lookup: 'ci_partitions' } } }
    const partitioned = (name: string): GeneratedTable => {
      const leaves = [0, 1].map((n) => ({ schema: 'public', name: `ci_${name}_${n}`, bound: (cell: 'a' | 'b') => `FOR VALUES IN (${PARTITIONS[cell][n] ?? ''})`, entry: null }))
      const table = draft.table(`p_ci_${name}`, { database: 'ci', key: ['id', 'partition_id'], partition: { by: 'LIST (partition_id)', leaves }, describe: { gitlab_schema: 'gitlab_ci', sharding_key: { project_id: 'projects' }, move } })
      table.columns.push({ name: 'partition_id', type: 'bigint', constraint: 'NOT NULL', computed: false, through: partitions })
      draft.column(table, 'project_id')
      draft.index(table, 'project_id')
      return table
    }
    let parent: GeneratedTable | null = null
    for (const name of ['pipelines', 'builds', 'job_artifacts', 'build_tags']) {
      const table = partitioned(name)
      if (parent !== null) {
        draft.column(table, 'parent_id')
        table.foreignKeys.push({ columns: ['parent_id', 'partition_id'], parent, parentColumns: ['id', 'partition_id'], action: 'ON DELETE CASCADE' })
      }
      for (const organization of draft.organizations) {
        for (const above of parent === null ? this.#rootRows('projects', organization) : draft.rowsOf(parent, organization)) {
          const own = parent === null ? { project_id: above.values['id'] ?? null, partition_id: PARTITIONS[organization.cell][draft.tables.length % 2] ?? null } : { project_id: above.values['project_id'] ?? null, partition_id: above.values['partition_id'] ?? null, parent_id: above.values['id'] ?? null }
          draft.row(table, [organization.cell], organization.id, own)
        }
      }
      parent = table
    }
  }

  /** One parent whose leaves have owners, and even classes, of their own. */
  splitEvents(): void {
    const draft = this.#draft
    const leaf = (n: number, name: string) => ({ schema: 'public', name, bound: `FOR VALUES IN (${n})`, entry: null })
    const table = draft.table('p_events', { key: ['id', 'kind'], partition: { by: 'LIST (kind)', leaves: [leaf(0, 'project_events'), leaf(1, 'group_events'), leaf(2, 'instance_events')] }, describe: { gitlab_schema: 'gitlab_main_org', sharding_key: { project_id: 'projects' } } })
    table.columns.push({ name: 'kind', type: 'integer', constraint: 'NOT NULL', computed: false })
    draft.column(table, 'project_id', { notNull: false })
    draft.column(table, 'group_id', { notNull: false })
    draft.descriptions.set('group_events', { gitlab_schema: 'gitlab_main_org', sharding_key: { group_id: 'namespaces' } })
    draft.descriptions.set('instance_events', { gitlab_schema: 'gitlab_main_cell_local', move: { exempt: 'skip' } })
    for (const organization of draft.organizations) {
      for (const { values } of this.#rootRows('projects', organization)) draft.row(table, [organization.cell], organization.id, { kind: '0', project_id: values['id'] ?? null })
      for (const { values } of this.#rootRows('namespaces', organization)) draft.row(table, [organization.cell], organization.id, { kind: '1', group_id: values['id'] ?? null })
    }
    for (const cell of CELLS) draft.row(table, [cell], null, { kind: '2' })
  }

  another(n: number): void {
    const kind = n % 10
    if (kind === 2 || kind === 3) this.#anyOf(n, kind)
    else if (kind === 4 || kind === 6) this.#desired(n, 'main')
    else if (n % 20 === 5) this.#direct(n, 'ci')
    else if (n % 20 === 7) this.#direct(n, 'sec')
    else if (kind === 5 || kind === 7) this.#desired(n, kind === 5 ? 'ci' : 'sec')
    else if (kind === 9) this.#local(n)
    else this.#direct(n, 'main')
  }

  #direct(n: number, database: 'main' | 'ci' | 'sec'): void {
    const [column, root] = KEY_COLUMNS[n % KEY_COLUMNS.length] ?? ['project_id', 'projects']
    const table = this.#draft.table(`${database}_direct_${n}`, { database, ...elsewhere(n, database), describe: { gitlab_schema: classOf(database), sharding_key: { [column]: root } } })
    this.#draft.reference(table, column, this.#root(root))
    this.#fill(table, (organization, i) => ({ [column]: pickId(this.#rootRows(root, organization), i) }))
    this.#parents[database].push(table)
  }

  /** Two or three alternative keys, exactly one of them set. */
  #anyOf(n: number, alternatives: number): void {
    const keys = [...new Map(Array.from({ length: alternatives }, (_, i) => KEY_COLUMNS[(n * 3 + i * 9) % KEY_COLUMNS.length] ?? (['project_id', 'projects'] as const))).entries()]
    const table = this.#draft.table(`main_any_of_${n}`, { describe: { gitlab_schema: 'gitlab_main_org', sharding_key: Object.fromEntries(keys) } })
    for (const [column, root] of keys) this.#draft.reference(table, column, this.#root(root), { notNull: false })
    table.checks.push(`num_nonnulls(${keys.map(([column]) => column).join(', ')}) = 1`)
    this.#fill(table, (organization, i) => {
      const [column, root] = keys[i % keys.length] ?? ['project_id', 'projects']
      return { ...Object.fromEntries(keys.map(([name]) => [name, null])), [column]: pickId(this.#rootRows(root, organization), i) }
    })
  }

  /** No key of its own: through a parent, who may have none either. */
  #desired(n: number, database: 'main' | 'ci' | 'sec'): void {
    const parents = this.#parents[database]
    const parent = parents[(n * 7) % Math.max(parents.length, 1)]
    if (parent === undefined) return this.#direct(n, database)
    const backfill = { parent: { foreign_key: 'parent_id', table: parent.name, table_primary_key: 'id', sharding_key: 'project_id', belongs_to: 'parent' } }
    const table = this.#draft.table(`${database}_desired_${n}`, { database, ...elsewhere(n, database), describe: { gitlab_schema: classOf(database), desired_sharding_key: { project_id: { references: 'projects', backfill_via: backfill } } } })
    this.#draft.reference(table, 'parent_id', parent)
    if (database === 'main') this.#draft.reference(table, 'author_id', this.#root('users'), { notNull: false, action: 'ON DELETE SET NULL' })
    this.#fill(table, (organization, i) => ({ parent_id: pickId(this.#draft.rowsOf(parent, organization), i), ...(database === 'main' ? { author_id: pickId(this.#rootRows('users', organization), i) } : {}) }))
    parents.push(table)
  }

  #local(n: number): void {
    const database = n % 20 === 9 ? 'main' : 'ci'
    const table = this.#draft.table(`${database}_local_${n}`, { database, kind: 'skip', describe: { gitlab_schema: `gitlab_${database}_cell_local` } })
    this.#draft.local(table)
  }

  #fill(table: GeneratedTable, valuesOf: (organization: Organization, n: number) => Record<string, string | null>): void {
    for (const organization of this.#draft.organizations) for (let n = 0; n < this.#rows; n++) this.#draft.row(table, [organization.cell], organization.id, valuesOf(organization, n))
  }

  #root(name: Root): GeneratedTable {
    const table = this.#roots.get(name)
    if (table === undefined) throw new RangeError(`no root ${name}`)
    return table
  }

  #rootRows(name: Root, organization: Organization) {
    return this.#draft.rowsOf(this.#root(name), organization)
  }
}

function pickId(rows: readonly { readonly values: Readonly<Record<string, string | null>> }[], n: number): string | null {
  return rows[n % Math.max(rows.length, 1)]?.values['id'] ?? null
}

function classOf(database: 'main' | 'ci' | 'sec'): string {
  return database === 'main' ? 'gitlab_main_org' : `gitlab_${database}`
}

/** Some tables are in all databases and used in one. */
function elsewhere(n: number, database: string): { readonly emptyIn?: readonly string[] } {
  return n % 11 === 0 ? { emptyIn: ['main', 'ci', 'sec'].filter((name) => name !== database) } : {}
}

async function writeDictionary(directory: string, descriptions: ReadonlyMap<string, Record<string, unknown>>): Promise<void> {
  for (const folder of ['views', 'deleted_tables']) await mkdir(join(directory, folder), { recursive: true })
  const common = { classes: ['Some::Model'], feature_categories: ['cell'], description: 'A table.', introduced_by_url: 'https://example.com/1', milestone: '17.1', table_size: 'small' }
  await Promise.all([...descriptions].map(([name, description]) => writeFile(join(directory, `${name}.yml`), stringify({ table_name: name, ...common, ...description }))))
  await writeFile(join(directory, 'views', 'a_view.yml'), stringify({ view_name: 'a_view', ...common, gitlab_schema: 'gitlab_main_org' }))
  await writeFile(join(directory, 'deleted_tables', 'gone.yml'), stringify({ table_name: 'gone', ...common, gitlab_schema: 'gitlab_main_org', removed_in_milestone: '16.0' }))
}
