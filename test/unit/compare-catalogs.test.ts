import { describe, expect, test } from 'vitest'
import type { Catalog, Column, Table, TableName, UserType } from '../../src/domain/catalog.js'
import { compareTables } from '../../src/domain/compare-catalogs.js'
import { catalog, column, foreignKey, index, table } from '../support/catalog-fixture.js'

const PLACE = { cell: 'cell-b', database: 'main' }
const NOTES = { schema: 'public', name: 'notes' }
const OLDER: Partial<Catalog> = { server: { ...catalog([]).server, versionNum: 150_018 } }

function differences(source: Catalog, target: Catalog): string[] {
  return compareTables(source, target, [NOTES], PLACE).map((found) => `${found.severity}: ${found.message}`)
}

function ofTables(source: Partial<Table>, target: Partial<Table>, targetOver: Partial<Catalog> = {}): string[] {
  return differences(catalog([table('notes', source)]), catalog([table('notes', target)], targetOver))
}

function ofColumn(source: Partial<Column>, target: Partial<Column>, targetOver: Partial<Catalog> = {}): string[] {
  return ofTables({ columns: [column('c', source)] }, { columns: [column('c', target)] }, targetOver)
}

describe('the cells differ where', () => {
  test('a table is missing on the target', () => {
    const found = compareTables(catalog([table('notes'), table('other')]), catalog([]), [NOTES, { schema: 'public', name: 'nowhere' }], PLACE)
    expect(found).toMatchObject([{ code: 'OM2108', severity: 'error', cell: 'cell-b', database: 'main', schema: 'public', table: 'notes' }])
  })

  test('a column is missing, or one more is there', () => {
    expect(ofTables({ columns: [column('a')] }, { columns: [] })).toEqual(['error: column a (bigint) is on the source and not on the target'])
    const surplus = (over: Partial<Column>) => ofTables({}, { columns: [column('a', over)] })
    expect(surplus({ notNull: true })).toEqual([expect.stringMatching(/^error: .* NOT NULL without a default$/)])
    for (const over of [{}, { notNull: true, default: '0' }, { notNull: true, identity: 'always' }, { notNull: true, generated: '1' }] as const) {
      expect(surplus(over)).toEqual([expect.stringMatching(/^warning: /)])
    }
  })

  test('a column is another one', () => {
    expect(ofColumn({ type: 'numeric(10,2)' }, { type: 'numeric(12,2)' })).toEqual(['error: column c is numeric(10,2) on the source and numeric(12,2) on the target'])
    const domain = { type: 'public.code', typeKind: 'd' }
    expect(ofColumn(domain, { ...domain, baseType: { schema: 'pg_catalog', name: 'text' } })).toEqual([expect.stringContaining('a domain over pg_catalog.text')])
    expect(ofColumn({ generated: 'a + 1' }, { generated: 'a + 2' })).toEqual(['error: column c is generated as a + 1 on the source and generated as a + 2 on the target'])
    expect(ofColumn({ generated: 'a + 1' }, {}, OLDER)).toEqual([expect.stringMatching(/^error: .*not generated/)])
    expect(ofColumn({}, { deterministic: false })).toEqual([expect.stringMatching(/^error: .*deterministic on one cell only/)])
    expect(ofColumn({}, { collation: 'pg_catalog."C"' })).toEqual([expect.stringMatching(/^error: .*default collation.*"C"/)])
    expect(ofColumn({}, { notNull: true })).toEqual([expect.stringMatching(/^error: /)])
    expect(ofColumn({ notNull: true }, {})).toEqual([expect.stringMatching(/^warning: /)])
  })

  const mood = { schema: 'public', name: 'mood' }
  const moods = { schema: 'public', name: '_mood' }
  const typed = (over: Partial<UserType>, typeName: TableName = mood): Catalog => catalog([table('notes', { columns: [column('m', { typeName }), column('n', { typeName })] })], { types: [{ ...mood, kind: 'e', shape: null, labels: [], checks: [], roots: [mood, moods], ...over }] })

  test('labels of an enum in use, or their order, do', () => {
    const using = (labels: readonly string[], typeName?: TableName) => typed({ labels }, typeName)
    expect(differences(using(['a', 'b']), using(['a', 'b']))).toEqual([])
    expect(differences(using(['a', 'b']), using(['b', 'a']))).toEqual([expect.stringMatching(/^error: enum public.mood .*a, b .*b, a .*public.notes.m, public.notes.n/)])
    expect(differences(using(['a', 'b'], moods), using(['a'], moods))).toEqual([expect.stringMatching(/^error: /)])
    expect(differences(using(['a', 'b']), using(['a', 'x', 'b']))).toEqual([expect.stringMatching(/^warning: /)])
    const unused = { schema: 'public', name: 'other' }
    expect(differences(using(['a'], unused), using(['b'], unused))).toEqual([])
  })

  test('what a composite, a range or a domain is made of does, in its order', () => {
    expect(differences(typed({ kind: 'c', shape: 'a text, b text' }), typed({ kind: 'c', shape: 'a text, b text' }))).toEqual([])
    expect(differences(typed({ kind: 'c', shape: 'a text, b text' }), typed({ kind: 'c', shape: 'b text, a text' }))).toEqual(['error: type public.mood is (a text, b text) on the source and (b text, a text) on the target (used by public.notes.m, public.notes.n)'])
    expect(differences(typed({ kind: 'r', shape: 'range of integer' }, moods), typed({ kind: 'r', shape: 'range of text' }, moods))).toEqual([expect.stringMatching(/^error: /)])
    const domain = (...checks: string[]) => typed({ kind: 'd', shape: 'integer', checks })
    expect(differences(domain(), domain('VALUE > 0'))).toEqual([expect.stringMatching(/^error: domain public.mood checks VALUE > 0 on the target and not on the source/)])
    expect(differences(domain('VALUE > 0'), domain())).toEqual([expect.stringMatching(/^warning: /)])
  })

  test('keys and constraints do: stricter stops, laxer is told', () => {
    const pk = (...columns: string[]) => index(columns, { isPrimary: true, isUnique: true })
    const unique = (...columns: string[]) => index(columns, { isUnique: true })
    expect(ofTables({ indexes: [pk('id')] }, { indexes: [pk('org', 'id')] })).toEqual(['error: the primary key is (id) on the source and (org, id) on the target'])
    expect(ofTables({}, { indexes: [pk('id')] })).toEqual([expect.stringContaining('missing on the source')])
    expect(ofTables({}, { indexes: [unique('a', 'b')] })).toEqual(['error: the target demands unique (a, b) and the source does not'])
    expect(ofTables({ indexes: [unique('a')] }, {})).toEqual(['warning: the source demands unique (a) and the target does not'])
    const partial = index(['a'], { isUnique: true, predicate: '(b IS NULL)' })
    expect(ofTables({ indexes: [partial] }, { indexes: [unique('a')] })).toHaveLength(2)
    const excluding = (operator: string) => index(['a', 'span'], { isExclusion: true, method: 'gist', exclusionOperators: ['OPERATOR(pg_catalog.=)', operator] })
    expect(ofTables({ indexes: [excluding('OPERATOR(pg_catalog.&&)')] }, { indexes: [excluding('OPERATOR(pg_catalog.-|-)')] })).toHaveLength(2)
    // invalid: rejects new rows, proves nothing
    expect(ofTables({}, { indexes: [{ ...unique('a'), isValid: false }] })).toEqual([expect.stringMatching(/^error: the target demands/)])
    expect(ofTables({ indexes: [{ ...unique('a'), isValid: false }] }, { indexes: [unique('a')] })).toEqual([expect.stringMatching(/^error: the target demands/)])
    expect(ofTables({ indexes: [unique('a')] }, { indexes: [{ ...unique('a'), isValid: false }] })).toEqual([expect.stringMatching(/^warning: the source demands/)])
  })

  test('checks do, one finding for one that was changed', () => {
    const check = (expression: string, name = 'positive') => ({ name, expression })
    expect(ofTables({ checks: [check('(a > 0)')] }, { checks: [check('(a > 1)')] })).toEqual(['error: check positive is (a > 0) on the source and (a > 1) on the target'])
    expect(ofTables({}, { checks: [check('(a > 1)')] })).toEqual([expect.stringMatching(/^error: the target checks/)])
    expect(ofTables({ checks: [check('(a > 1)')] }, {})).toEqual([expect.stringMatching(/^warning: the source checks/)])
    expect(ofTables({ checks: [check('(a > 0)', 'x')] }, { checks: [check('(a > 0)', 'y')] })).toEqual([])
    expect(ofTables({ checks: [check('(a > 0)')] }, { checks: [check('((a) > 0)')] }, OLDER)).toEqual([expect.stringMatching(/^warning: /)])
  })

  test('foreign keys, partitioning, persistence and extensions do', () => {
    const withKey = (...keys: ReturnType<typeof foreignKey>[]) => catalog([table('notes')], { foreignKeys: keys })
    expect(differences(withKey(foreignKey('notes', ['a', 'b'], 'runs', ['x', 'y'])), withKey(foreignKey('notes', ['b', 'a'], 'runs', ['y', 'x'], { name: 'other', onDelete: 'cascade' })))).toEqual([])
    expect(differences(withKey(foreignKey('notes', ['a'], 'runs', ['id'])), withKey(foreignKey('notes', ['a'], 'walks', ['id'])))).toEqual([
      'warning: the target has the foreign key (a) -> public.walks (id) and the source does not',
      'warning: the source has the foreign key (a) -> public.runs (id) and the target does not',
    ])
    expect(ofTables({ kind: 'partitioned', partitionKey: 'LIST (a)' }, {})).toEqual(['error: the table is partitioned by LIST (a) on the source and not partitioned on the target'])
    expect(ofTables({}, { persistence: 'unlogged' })).toEqual([expect.stringMatching(/^error: .*unlogged/)])
    const extended = (version: string) => catalog([table('notes')], { extensions: [{ name: 'citext', version, schema: 'public' }] })
    expect(differences(extended('1.5'), extended('1.6'))).toEqual(['warning: extension citext is version 1.5 on the source and 1.6 on the target'])
  })
})

test('what matters to no row is not looked at', () => {
  const ours = table('notes', {
    oid: 7,
    columns: [column('a', { attnum: 1, default: '1' }), column('b', { attnum: 3, identity: 'always' })],
    indexes: [index(['a', 'b'], { isUnique: true, name: 'x', definition: 'x' }), index(['a'])],
    triggers: [{ name: 't', enabled: 'O', function: 'public.f' }],
    rowEstimate: 5,
    bytes: 8192,
  })
  const theirs = table('notes', {
    columns: [column('b', { attnum: 1 }), column('a', { attnum: 2 })],
    indexes: [index(['b', 'a'], { isUnique: true, name: 'y', definition: 'y', isImmediate: false })],
  })
  expect(differences(catalog([ours]), catalog([theirs]))).toEqual([])
})
