import type { Collated } from './collations.js'
import { unitKey } from './ownership.js'
import type { Ownership, UnitId } from './ownership.js'
import type { TableName } from './catalog.js'
import type { SecretRule } from './dictionary.js'

/**
 * Everything that a move needs to know of the schema, resolved once in prepare and kept in the journal, so that a resume after
 * hours reads the same rules. Plain data; SQL is compiled from it by the data plane.
 */
export interface MovePlan {
  readonly org: string
  readonly source: string
  readonly target: string
  readonly databases: readonly string[]
  /** In the order in which they can be filled; sets that need each other stand together (see `circle`). */
  readonly keySets: readonly KeySet[]
  readonly owned: readonly OwnedTable[]
  readonly shared: readonly SharedTable[]
  readonly lookups: readonly LookupTable[]
  readonly skipped: readonly UnitId[]
}

/** The keys of the organization's rows in a table that others refer to for their owner. */
export interface KeySet {
  readonly no: number
  /** The table that is referred to. */
  readonly owner: UnitId
  /** Whose rows tell the keys: the owner itself, or the leaves that stand for it. */
  readonly tables: readonly UnitId[]
  readonly columns: readonly string[]
  readonly equality: readonly string[]
  readonly collations: readonly Collated[]
  /** Databases whose tables are told by this set; it is shipped to those that are not the owner's. */
  readonly databases: readonly string[]
  /** Sets with the same number depend on each other (or on themselves) and are filled together until nothing is new. */
  readonly circle: number | null
}

export interface PlanColumn {
  readonly name: string
  /** As declared, e.g. "numeric(10,2)". */
  readonly type: string
  /** The type without typmod: what a literal is cast to (a typmod would cut a value in silence). */
  readonly castType: TableName
  /** Schema of the type's equality operator. */
  readonly equality: string
  /** Other than the type's default, qualified, else null. */
  readonly collation: string | null
  /** False where its collation calls different spellings equal. */
  readonly deterministic: boolean
  readonly generated: boolean
  readonly notNull: boolean
  readonly rule: ProjectionRule | null
  /** How its secrets are stored, where they must be encrypted anew on the way. */
  readonly secrets: readonly SecretRule[]
  /** Generated out of a secret: the target's value comes out of another ciphertext. */
  readonly fromSecret: boolean
}

/** How the target's value comes from the source's row, where it is not the column itself. */
export type ProjectionRule =
  | { readonly kind: 'lookup'; readonly lookups: readonly number[]; readonly columns: readonly string[]; readonly referenced: readonly string[]; readonly position: number; readonly collations: readonly (string | null)[]; readonly orItself: boolean }
  | { readonly kind: 'map'; readonly map: Readonly<Record<string, string | null>> }
  | { readonly kind: 'set'; readonly value: string | null }
  /** Generated out of columns that change on the way: its expression, over bare names. */
  | { readonly kind: 'generated'; readonly expression: string }

/** A foreign key or declared reference of a moving table. */
export interface Reference {
  /** Constraint name, or null for a declared reference without one. */
  readonly constraint: string | null
  readonly columns: readonly string[]
  readonly parent: UnitId
  readonly parentColumns: readonly string[]
  /** By column, the collation of the parent's where the two differ: they cannot be compared without one. */
  readonly collations: readonly (string | null)[]
  /** What becomes of the parent's rows, by the tables that stand for it: itself, or its leaves where those have rules of their own. */
  readonly parents: readonly ParentPart[]
}

export interface ParentPart {
  readonly id: UnitId
  readonly fate: 'owned' | 'shared' | 'lookup' | 'stays'
}

/** A foreign key of any table to a moving table. */
export interface InboundReference {
  readonly constraint: string
  readonly table: TableName
  readonly columns: readonly string[]
  readonly referencedColumns: readonly string[]
  /** By column, the collation to compare under where the two differ. */
  readonly collations: readonly (string | null)[]
  /** The owned table of the plan that refers, by number; null where the table does not move as a whole. */
  readonly child: number | null
}

export interface TableShape {
  /** Unique within the plan. */
  readonly no: number
  readonly id: UnitId
  readonly partitioned: boolean
  readonly columns: readonly PlanColumn[]
  /** Columns of the primary key, or of a unique index over NOT NULL columns; null where the table has neither. */
  readonly identity: readonly string[] | null
  readonly references: readonly Reference[]
  readonly inbound: readonly InboundReference[]
}

export interface OwnedTable extends TableShape {
  readonly class: 'root' | 'sharded' | 'exempt'
  readonly ownership: Ownership
  readonly otherChains: Extract<Ownership, { kind: 'keys' }>['alternatives']
  readonly unowned: 'error' | 'stay'
  /** Columns that may differ between the cells in rows that belong to nobody. */
  readonly differBy: readonly string[]
  readonly inboundStays: boolean
  readonly bytesEstimate: number
  /** Travels in binary: text COPY cannot carry its widest row. */
  readonly binary: boolean
  /** Average stored size of the organization's rows, from a sample; absent where it has none. */
  readonly rowBytes?: number
  /** The table or a part of it is unlogged on the source: a replica has no row of it. */
  readonly unlogged?: true
}

export interface SharedTable extends TableShape {
  readonly where: string | null
  readonly differBy: readonly string[]
  readonly purge: 'unreferenced' | null
}

export interface LookupTable extends TableShape {
  readonly matchBy: readonly string[]
  readonly insertMissing: boolean
  /** Sets of columns by which moving tables refer to it: each is remapped. */
  readonly referenced: readonly (readonly string[])[]
}

/** Number of the plan's key set that holds these keys of that table. */
export function keySetOf(plan: Pick<MovePlan, 'keySets'>, parent: UnitId, columns: readonly string[]): KeySet | undefined {
  return plan.keySets.find(
    (set) => set.owner.database === parent.database && set.owner.schema === parent.schema && set.owner.name === parent.name && set.columns.join('\0') === columns.join('\0'),
  )
}

export function allTables(plan: MovePlan): readonly TableShape[] {
  return [...plan.owned, ...plan.shared, ...plan.lookups]
}

interface OwnedTables {
  readonly byId: ReadonlyMap<string, OwnedTable>
  readonly byNo: ReadonlyMap<number, OwnedTable>
}

const known = new WeakMap<MovePlan, OwnedTables>()

/** The organization's table of that name, by the plan's own index. */
export function ownedNamed(plan: MovePlan, id: UnitId): OwnedTable | undefined {
  return ownedTables(plan).byId.get(unitKey(id))
}

/** The organization's table of that number; null yields nothing. */
export function ownedNumbered(plan: MovePlan, no: number | null): OwnedTable | undefined {
  return no === null ? undefined : ownedTables(plan).byNo.get(no)
}

function ownedTables(plan: MovePlan): OwnedTables {
  const found = known.get(plan)
  if (found !== undefined) return found
  const tables = { byId: new Map(plan.owned.map((table) => [unitKey(table.id), table])), byNo: new Map(plan.owned.map((table) => [table.no, table])) }
  known.set(plan, tables)
  return tables
}
