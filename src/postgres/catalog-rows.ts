import type { Column, ForeignKey, Index, Sequence, ServerFacts, Table, TableName, Trigger } from '../domain/catalog.js'

/** What the statements under sql/catalog yield, and how a row of each becomes a part of the model. No I/O. */

export interface ServerRow {
  version_num: number
  system_identifier: string
  timeline: number
  database: string
  encoding: string
  in_recovery: boolean
}

export interface TableRow {
  oid: number
  schema: string
  name: string
  kind: 'ordinary' | 'partitioned'
  parents: TableName[]
  is_partition: boolean
  bound: string | null
  key: string | null
  persistence: 'permanent' | 'unlogged'
  extension: string | null
  rls_enabled: boolean
  rls_forced: boolean
  rls_bypassed: boolean
  is_owner: boolean
  can_select: boolean
  can_insert: boolean
  can_update: boolean
  can_delete: boolean
  can_trigger: boolean
  row_estimate: number | null
  bytes: number
}

export interface OfTable {
  table_oid: number
}

export interface ColumnRow extends OfTable {
  attnum: number
  name: string
  type: string
  type_kind: string
  type_schema: string
  type_name: string
  base_schema: string
  base_name: string
  is_array: boolean
  holds_oid: boolean
  equality_schema: string | null
  not_null: boolean
  default: string | null
  generated: string | null
  identity: 'always' | 'by default' | null
  collation: string | null
  deterministic: boolean
}

export interface IndexRow extends OfTable {
  name: string
  is_primary: boolean
  is_unique: boolean
  is_exclusion: boolean
  is_valid: boolean
  is_immediate: boolean
  nulls_not_distinct: boolean
  columns: (string | null)[]
  expressions: string[]
  predicate: string | null
  method: string
  exclusion_operators: string[] | null
  definition: string
}

export interface CheckRow extends OfTable {
  name: string
  expression: string
}

export interface TriggerRow extends OfTable {
  name: string
  enabled: Trigger['enabled']
  function: string
}

export interface RuleRow extends OfTable {
  name: string
}

export interface ForeignKeyRow {
  name: string
  schema: string
  table: string
  columns: string[]
  referenced_schema: string
  referenced_table: string
  referenced_columns: string[]
  deferrable: boolean
  validated: boolean
  on_delete: ForeignKey['onDelete']
  match_full: boolean
}

export interface SequenceRow {
  oid: number
  schema: string
  name: string
  used_by: { schema: string; name: string; column: string }[]
  increment: string
  min: string
  max: string
  cycle: boolean
}

export function serverOf(row: ServerRow): ServerFacts {
  return {
    versionNum: row.version_num,
    systemIdentifier: row.system_identifier,
    timeline: row.timeline,
    database: row.database,
    encoding: row.encoding,
    inRecovery: row.in_recovery,
  }
}

export function columnOf(row: ColumnRow): Column {
  return {
    name: row.name,
    attnum: row.attnum,
    type: row.type,
    typeKind: row.type_kind,
    typeName: { schema: row.type_schema, name: row.type_name },
    baseType: { schema: row.base_schema, name: row.base_name },
    isArray: row.is_array,
    holdsOid: row.holds_oid,
    equalitySchema: row.equality_schema,
    notNull: row.not_null,
    default: row.default,
    generated: row.generated,
    identity: row.identity,
    collation: row.collation,
    deterministic: row.deterministic,
  }
}

export function indexOf(row: IndexRow): Index {
  return {
    name: row.name,
    isPrimary: row.is_primary,
    isUnique: row.is_unique,
    isExclusion: row.is_exclusion,
    isValid: row.is_valid,
    isImmediate: row.is_immediate,
    nullsNotDistinct: row.nulls_not_distinct,
    columns: row.columns,
    expressions: row.expressions,
    predicate: row.predicate,
    method: row.method,
    exclusionOperators: row.exclusion_operators,
    definition: row.definition,
  }
}

export function foreignKeyOf(row: ForeignKeyRow): ForeignKey {
  return {
    name: row.name,
    table: { schema: row.schema, name: row.table },
    columns: row.columns,
    references: { schema: row.referenced_schema, name: row.referenced_table },
    referencedColumns: row.referenced_columns,
    deferrable: row.deferrable,
    validated: row.validated,
    onDelete: row.on_delete,
    matchFull: row.match_full,
  }
}

export function sequenceOf(row: SequenceRow, lastValue: string | null): Sequence {
  return {
    schema: row.schema,
    name: row.name,
    usedBy: row.used_by.map(({ schema, name, column }) => ({ table: { schema, name }, column })),
    increment: row.increment,
    min: row.min,
    max: row.max,
    cycle: row.cycle,
    lastValue,
  }
}

/** What the other statements say about one table. */
export interface TableParts {
  readonly columns: readonly Column[]
  readonly indexes: readonly Index[]
  readonly checks: Table['checks']
  readonly triggers: readonly Trigger[]
  readonly rules: readonly string[]
}

export function tableOf(row: TableRow, size: { readonly rowEstimate: number | null; readonly bytes: number }, parts: TableParts): Table {
  return {
    oid: row.oid,
    schema: row.schema,
    name: row.name,
    kind: row.kind,
    parents: row.parents,
    isPartition: row.is_partition,
    partitionBound: row.bound,
    partitionKey: row.key,
    persistence: row.persistence,
    extension: row.extension,
    rowSecurity: { enabled: row.rls_enabled, forced: row.rls_forced },
    bypassesRowSecurity: row.rls_bypassed,
    isOwner: row.is_owner,
    privileges: { select: row.can_select, insert: row.can_insert, update: row.can_update, delete: row.can_delete, trigger: row.can_trigger },
    ...size,
    ...parts,
  }
}
