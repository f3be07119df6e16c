import { addTriggers, decorate } from './decorations.js'
import { databaseSql } from './ddl.js'
import { Draft, isSplit } from './draft.js'
import { lookupTable, queryTable, sharedTables, skipTable, useLookup, useShared } from './exempt-tables.js'
import { rawName } from './model.js'
import type { GeneratedCase } from './model.js'
import { anyOfTable, circleTables, directTable, emptyTable, joinTable, nestedTable, otherDatabaseTable, rootTable, sharedKeyTable, unownedTable, viaTable } from './owned-tables.js'
import { partitionedTable, splitLeavesTable } from './partitioned-tables.js'
import { seeded } from './random.js'
import type { CaseSpec, TableKind } from './spec.js'

const MAKE: Readonly<Record<TableKind, (draft: Draft) => void>> = {
  direct: directTable,
  via: viaTable,
  'shared key': sharedKeyTable,
  'any of': anyOfTable,
  nested: nestedTable,
  join: (draft) => joinTable(draft, true),
  'join without key': (draft) => joinTable(draft, false),
  partitioned: partitionedTable,
  'split leaves': splitLeavesTable,
  circle: circleTables,
  query: queryTable,
  unowned: unownedTable,
  'other database': otherDatabaseTable,
  empty: emptyTable,
}

/** The same cells for the same specification, whatever else is generated before. */
export function generateCase(spec: CaseSpec): GeneratedCase {
  const draft = new Draft(spec)
  const lookups = spec.lookups ? [lookupTable(draft), lookupTable(draft)] : []
  const shared = spec.shared ? sharedTables(draft) : []
  if (spec.hasRoot) rootTable(draft)
  directTable(draft)
  for (const { kind, seed } of spec.tables) {
    draft.random = seeded(seed)
    MAKE[kind](draft)
  }
  draft.random = seeded(spec.seed + 1)
  const skipped = skipTable(draft)
  for (const table of draft.tables) {
    decorate(draft, table)
    if (table.kind !== 'owned' || isSplit(table)) continue
    for (const lookup of lookups) if (draft.random.chance(0.3)) useLookup(draft, table, lookup)
    for (const one of shared) if (draft.random.chance(0.3)) useShared(draft, table, one)
  }
  if (spec.triggers) addTriggers(draft, skipped)
  const [org = ''] = draft.orgs.a
  return {
    databases: draft.databases,
    schema: draft.schema,
    tables: draft.tables,
    org,
    config: { tenancy: tenancy(draft), sequences: spec.sequences, copy: { jobs: 2, chunk_rows: spec.chunkRows } },
    setUp: (cell, database) => databaseSql(draft.tables, database, { schema: draft.schema, cell, random: seeded(spec.seed + (cell === 'a' ? 2 : 3)) }),
  }
}

function tenancy(draft: Draft): Record<string, unknown> {
  const leaves = draft.tables.flatMap((table) => (table.partition?.leaves ?? []).flatMap((leaf): [string, unknown][] => (leaf.entry === null ? [] : [[rawName(leaf), leaf.entry]])))
  const tables = draft.tables.flatMap((table): [string, unknown][] => (table.entry === null ? [] : [[rawName(table), table.entry]]))
  return {
    root: draft.root === null ? null : rawName(draft.root),
    ...(draft.root === null ? {} : { root_key: draft.root.key[0] }),
    sharding_key: [...new Set(draft.keyNames)],
    schemas: [draft.schema],
    tables: Object.fromEntries([...tables, ...leaves]),
  }
}
