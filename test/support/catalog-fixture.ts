import type { Catalog, Column, ForeignKey, Index, Table } from '../../src/domain/catalog.js'

/** Parts of a catalog with everything filled in that a test does not care about. */

export function column(name: string, over: Partial<Column> = {}): Column {
  const typeName = { schema: 'pg_catalog', name: 'int8' }
  return { name, attnum: 1, type: 'bigint', typeKind: 'b', typeName, baseType: typeName, isArray: false, holdsOid: false, equalitySchema: 'pg_catalog', notNull: false, default: null, generated: null, identity: null, collation: null, deterministic: true, ...over }
}

export function index(expressions: readonly string[], over: Partial<Index> = {}): Index {
  return {
    name: `${expressions.join('_')}_idx`,
    isPrimary: false,
    isUnique: false,
    isExclusion: false,
    isValid: true,
    isImmediate: true,
    nullsNotDistinct: false,
    columns: expressions.map((expression) => (/^\w+$/.test(expression) ? expression : null)),
    expressions,
    predicate: null,
    method: 'btree',
    exclusionOperators: null,
    definition: `USING btree (${expressions.join(', ')})`,
    ...over,
  }
}

export function table(name: string, over: Partial<Table> = {}): Table {
  return {
    schema: 'public',
    name,
    oid: 1,
    kind: 'ordinary',
    parents: [],
    isPartition: false,
    partitionBound: null,
    partitionKey: null,
    persistence: 'permanent',
    extension: null,
    rowSecurity: { enabled: false, forced: false },
    bypassesRowSecurity: true,
    isOwner: true,
    privileges: { select: true, insert: true, update: true, delete: true, trigger: true },
    rowEstimate: null,
    bytes: 0,
    columns: [],
    indexes: [],
    checks: [],
    triggers: [],
    rules: [],
    ...over,
  }
}

export function foreignKey(from: string, columns: readonly string[], to: string, referencedColumns: readonly string[], over: Partial<ForeignKey> = {}): ForeignKey {
  return { name: `${from}_fkey`, table: { schema: 'public', name: from }, columns, references: { schema: 'public', name: to }, referencedColumns, deferrable: false, validated: true, onDelete: 'no action', matchFull: false, ...over }
}

export function catalog(tables: readonly Table[], over: Partial<Catalog> = {}): Catalog {
  return {
    server: { versionNum: 170_000, systemIdentifier: '1', timeline: 1, database: 'cell', encoding: 'UTF8', inRecovery: false },
    schemas: ['public'],
    tables,
    foreignKeys: [],
    sequences: [],
    types: [],
    extensions: [],
    ...over,
  }
}
