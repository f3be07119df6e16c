import { describe, expect, test } from 'vitest'
import type { Catalog, Table } from '../../src/domain/catalog.js'
import { catalogFingerprint } from '../../src/domain/catalog-fingerprint.js'
import { catalog, column, foreignKey, index, table } from '../support/catalog-fixture.js'

const ROOT = { schema: 'public', name: 'events' }
const TRIGGER = { name: 'audit', enabled: 'O', function: 'public.audit' } as const

const EVENTS = table('events', {
  kind: 'partitioned',
  partitionKey: 'LIST (a)',
  columns: [column('a', { attnum: 1 }), column('b', { attnum: 2 })],
  indexes: [index(['a', 'b'], { isPrimary: true, isUnique: true }), index(['b'], { isUnique: true, predicate: '(a > 0)' })],
  checks: [{ name: 'c', expression: '(a > 0)' }, { name: 'd', expression: '(b > 0)' }],
  triggers: [TRIGGER],
})
const MIDDLE = table('events_1', { kind: 'partitioned', isPartition: true, parents: [ROOT], partitionBound: "FOR VALUES IN ('1')", partitionKey: 'LIST (b)' })
const LEAF = table('events_1_1', { isPartition: true, parents: [MIDDLE], partitionBound: 'DEFAULT' })
const OTHER = table('other')
const KEYS = [foreignKey('events', ['a'], 'other', ['id']), foreignKey('events', ['b'], 'other', ['id'], { name: 'second' })]

const fingerprint = (tables: readonly Table[], over: Partial<Catalog> = {}): string => JSON.stringify(catalogFingerprint(catalog(tables, { foreignKeys: KEYS, ...over }), [ROOT]))
const BEFORE = fingerprint([EVENTS, MIDDLE, LEAF, OTHER])
const after = (events: Partial<Table>): string => fingerprint([{ ...EVENTS, ...events }, MIDDLE, LEAF, OTHER])

describe('the fingerprint of the catalog', () => {
  test('does not depend on order, ids, sizes, privileges, sequences, plain indexes or other tables', () => {
    const shuffled = { ...EVENTS, columns: EVENTS.columns.toReversed(), indexes: [...EVENTS.indexes.toReversed(), index(['b'])], checks: EVENTS.checks.toReversed() }
    const tables = [LEAF, { ...MIDDLE, oid: 99 }, { ...shuffled, oid: 7, bytes: 1, rowEstimate: 9, isOwner: false }]
    const sequences = [{ schema: 'public', name: 's', usedBy: [], increment: '1', min: '1', max: '9', cycle: false, lastValue: '5' }]
    expect(fingerprint(tables, { foreignKeys: KEYS.toReversed(), sequences })).toBe(BEFORE)
    expect(Object.keys(JSON.parse(BEFORE))).toEqual(['public.events', 'public.events_1', 'public.events_1_1'])
    expect(Object.values(JSON.parse(BEFORE))).toEqual(Array.from({ length: 3 }, () => expect.stringMatching(/^[0-9a-f]{64}$/)))
  })

  test('changes with every partition, column, constraint and trigger', () => {
    const changes = [
      fingerprint([EVENTS, MIDDLE, { ...LEAF, parents: [], isPartition: false }, OTHER]),
      fingerprint([EVENTS, { ...MIDDLE, partitionBound: "FOR VALUES IN ('2')" }, LEAF, OTHER]),
      fingerprint([EVENTS, MIDDLE, LEAF, table('events_2', { isPartition: true, parents: [ROOT] })]),
      fingerprint([EVENTS, MIDDLE, { ...LEAF, triggers: [TRIGGER] }]),
      fingerprint([MIDDLE, LEAF]),
      fingerprint([EVENTS, MIDDLE, LEAF], { foreignKeys: KEYS.slice(1) }),
      after({ columns: [column('a', { attnum: 1 }), column('b', { attnum: 3 })] }),
      after({ columns: [...EVENTS.columns, column('c', { attnum: 3 })] }),
      after({ columns: EVENTS.columns.map((one) => ({ ...one, notNull: true })) }),
      after({ indexes: EVENTS.indexes.slice(0, 1) }),
      after({ checks: [] }),
      after({ triggers: [{ ...TRIGGER, enabled: 'D' }] }),
      after({ rules: ['redirect'] }),
      after({ rowSecurity: { enabled: true, forced: true } }),
      after({ persistence: 'unlogged' }),
    ]
    expect(new Set([BEFORE, ...changes]).size).toBe(changes.length + 1)
  })

  test('does not change when the fence of another move comes or goes (P2)', () => {
    expect(after({ triggers: [TRIGGER, { name: 'org_mover_0190_new', enabled: 'A', function: 'org_mover.fence_0190_1' }] })).toBe(BEFORE)
  })
})
