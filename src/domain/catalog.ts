/**
 * What one read of pg_catalog yields for one database. Everything later works on this model. Names are raw, as in the catalog;
 * expressions are as PostgreSQL deparses them under search_path = pg_catalog, so every name outside pg_catalog is qualified.
 */
export interface Catalog {
  readonly server: ServerFacts
  readonly schemas: readonly string[]
  readonly tables: readonly Table[]
  readonly foreignKeys: readonly ForeignKey[]
  readonly sequences: readonly Sequence[]
  readonly types: readonly UserType[]
  readonly extensions: readonly { readonly name: string; readonly version: string; readonly schema: string }[]
}

export interface ServerFacts {
  readonly versionNum: number
  readonly systemIdentifier: string
  readonly timeline: number
  readonly database: string
  readonly encoding: string
  readonly inRecovery: boolean
}

export interface TableName {
  readonly schema: string
  readonly name: string
}

/** An ordinary or partitioned table, or a leaf or intermediate partition. Views, foreign and temporary tables are not tables here. */
export interface Table extends TableName {
  readonly oid: number
  readonly kind: 'ordinary' | 'partitioned'
  /** The direct parent, for a partition; also for plain inheritance (see `isPartition`). */
  readonly parents: readonly TableName[]
  readonly isPartition: boolean
  /** "FOR VALUES …" or "DEFAULT" of a partition, else null. */
  readonly partitionBound: string | null
  /** "LIST (a)" of a partitioned table, else null. */
  readonly partitionKey: string | null
  readonly persistence: 'permanent' | 'unlogged'
  /** The extension that the table belongs to, else null: such a table is never an organization's. */
  readonly extension: string | null
  readonly rowSecurity: { readonly enabled: boolean; readonly forced: boolean }
  /** The current role may bypass the policies (owner without FORCE, BYPASSRLS or superuser). */
  readonly bypassesRowSecurity: boolean
  readonly isOwner: boolean
  readonly privileges: { readonly select: boolean; readonly insert: boolean; readonly update: boolean; readonly delete: boolean; readonly trigger: boolean }
  /** reltuples; null where the table was never analyzed. For a partitioned table the sum of its leaves. */
  readonly rowEstimate: number | null
  /** relpages × block size, TOAST included; for a partitioned table the sum of its leaves. */
  readonly bytes: number
  readonly columns: readonly Column[]
  /** Unique, primary and exclusion indexes, and all others (for leading-column look-ups). */
  readonly indexes: readonly Index[]
  readonly checks: readonly { readonly name: string; readonly expression: string }[]
  readonly triggers: readonly Trigger[]
  readonly rules: readonly string[]
}

export interface Column {
  readonly name: string
  readonly attnum: number
  /** format_type() with typmod, e.g. "numeric(10,2)", "public.citext", "bigint". */
  readonly type: string
  /** pg_type.typtype of the type: b base, c composite, d domain, e enum, r range, m multirange, p pseudo. */
  readonly typeKind: string
  /** Schema and name of the type itself (without typmod), e.g. {schema: "pg_catalog", name: "int8"}. */
  readonly typeName: TableName
  /** The base type below any domains and array brackets: what a value is made of. */
  readonly baseType: TableName
  /** Whether a value is an array of them: declared so, or by a domain. */
  readonly isArray: boolean
  /** Whether a value has an oid somewhere within it: itself, or in an array, a composite or a range. Names of objects (regclass and the like) do not count. */
  readonly holdsOid: boolean
  /** Schema that holds the equality operator of the type's default btree (or hash) class, e.g. "pg_catalog"; null if there is none. */
  readonly equalitySchema: string | null
  readonly notNull: boolean
  readonly default: string | null
  /** Expression of a stored or virtual generated column. */
  readonly generated: string | null
  readonly identity: 'always' | 'by default' | null
  /** Collation other than the type's default, in SQL spelling (`pg_catalog."C"`), else null. */
  readonly collation: string | null
  /** False where that collation, or the type's, calls different spellings equal. */
  readonly deterministic: boolean
}

export interface Index {
  readonly name: string
  readonly isPrimary: boolean
  readonly isUnique: boolean
  readonly isExclusion: boolean
  readonly isValid: boolean
  /** False for a deferrable constraint: the replica role does not check it. */
  readonly isImmediate: boolean
  readonly nullsNotDistinct: boolean
  /** Key columns in order (INCLUDE columns left out); null where the key is an expression. */
  readonly columns: readonly (string | null)[]
  /** Each key column or expression as SQL, in order. */
  readonly expressions: readonly string[]
  /** WHERE clause of a partial index. */
  readonly predicate: string | null
  readonly method: string
  /** For exclusion constraints, the operator of each key, qualified: "OPERATOR(pg_catalog.&&)". */
  readonly exclusionOperators: readonly string[] | null
  /** pg_get_indexdef(), for comparison between cells. */
  readonly definition: string
}

export interface ForeignKey {
  readonly name: string
  readonly table: TableName
  readonly columns: readonly string[]
  readonly references: TableName
  readonly referencedColumns: readonly string[]
  readonly deferrable: boolean
  readonly validated: boolean
  readonly onDelete: 'no action' | 'restrict' | 'cascade' | 'set null' | 'set default'
  readonly matchFull: boolean
}

export interface Trigger {
  readonly name: string
  /** O origin (default), D disabled, A always, R replica. */
  readonly enabled: 'O' | 'D' | 'A' | 'R'
  /** `schema.name`, raw. */
  readonly function: string
}

export interface Sequence extends TableName {
  /** The columns that it serves: the one that owns it, and all whose default calls it; none for a free one. */
  readonly usedBy: readonly { readonly table: TableName; readonly column: string }[]
  readonly increment: string
  readonly min: string
  readonly max: string
  readonly cycle: boolean
  /** Null where nextval was never called, or the role may not read it. */
  readonly lastValue: string | null
}

/** A composite (c), domain (d), enum (e) or range (r) that columns of tables reach. */
export interface UserType extends TableName {
  readonly kind: string
  /** What its values are made of, in order; null for an enum. */
  readonly shape: string | null
  /** Of an enum, in their order. */
  readonly labels: readonly string[]
  /** Of a domain. */
  readonly checks: readonly string[]
  /** The types of columns from which it is reached, itself or an array of it among them. */
  readonly roots: readonly TableName[]
}

/** The one spelling of a table's name as a map key and in messages: `schema.name`, raw. */
export function tableKey(table: TableName): string {
  return `${table.schema}.${table.name}`
}

interface NamedTables {
  readonly tables: ReadonlyMap<string, Table>
  readonly children: ReadonlyMap<string, readonly Table[]>
}

const named = new WeakMap<Catalog, NamedTables>()

/** The table of that name, found at once: a search for each table of ten thousand would take minutes. */
export function tableNamed(catalog: Catalog | undefined, name: TableName): Table | undefined {
  return catalog === undefined ? undefined : namesOf(catalog).tables.get(tableKey(name))
}

/** Direct partitions and inheritance children. */
export function childrenOf(catalog: Catalog, name: TableName): readonly Table[] {
  return namesOf(catalog).children.get(tableKey(name)) ?? []
}

function namesOf(catalog: Catalog): NamedTables {
  const known = named.get(catalog)
  if (known !== undefined) return known
  const children = new Map<string, Table[]>()
  for (const table of catalog.tables) for (const parent of table.parents) children.set(tableKey(parent), [...(children.get(tableKey(parent)) ?? []), table])
  const names = { tables: new Map(catalog.tables.map((table) => [tableKey(table), table])), children }
  named.set(catalog, names)
  return names
}
