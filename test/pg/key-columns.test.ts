import { expect, test } from 'vitest'
import { found } from '../support/found.js'

test('P4: a reference to one partition tells what to declare, and then holds', async () => {
  const both = `CREATE TABLE events (id bigint, kind int NOT NULL, organization_id bigint NOT NULL REFERENCES organizations, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
    CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1); CREATE TABLE events_2 PARTITION OF events FOR VALUES IN (2);
    CREATE TABLE marks (id bigint PRIMARY KEY, event_id bigint NOT NULL, kind int NOT NULL, FOREIGN KEY (event_id, kind) REFERENCES events_1)`
  const source = 'INSERT INTO events VALUES (1, 1, 1), (2, 2, 1), (3, 1, 2); INSERT INTO marks VALUES (1, 1, 1), (2, 3, 1)'
  const { lines, of, changes } = await found({ both, source })
  expect(lines).toEqual(['OM2101 error cell-a marks -', 'OM2115 warning cell-a marks 1'])
  expect(of('OM2101').message).toContain('declare sharding_key: {"event_id, kind": "public.events(id, kind)"}')
  expect(changes).toEqual([])
  const declared = await found({ both, source, tenancy: { tables: { 'public.marks': { sharding_key: { 'event_id, kind': 'public.events(id, kind)' } } } } })
  expect(declared.lines).toEqual([])
  expect(declared.plan.tables.find(({ table }) => table === 'marks')?.rows).toBe(1)
})

const ODD_TYPES = ['bigint[]', 'arrayed', 'jsonb', 'json', 'boolean', 'point', 'timestamptz', 'xml', 'uuid', 'numeric[]']

test('P4: key columns of types that cannot hold an organization are told with table, column and type, inferred and declared ones', async () => {
  const both = `CREATE DOMAIN arrayed AS bigint[]; ${ODD_TYPES.map((type, n) => `CREATE TABLE notes_${n} (id bigint PRIMARY KEY, organization_id ${type}); CREATE TABLE marks_${n} (id bigint PRIMARY KEY, project ${type})`).join(';')}`
  const tables = Object.fromEntries(ODD_TYPES.map((_, n) => [`public.marks_${n}`, { sharding_key: { project: 'projects' } }]))
  const { lines, plan, changes } = await found({ both, tenancy: { tables } })
  const numbers = ODD_TYPES.map((_, n) => n)
  expect(lines).toEqual([...numbers.map((n) => `OM2102 error cell-a marks_${n} -`), ...numbers.map((n) => `OM2101 error cell-a marks_${n} -`), ...numbers.map((n) => `OM2101 error cell-a notes_${n} -`)])
  for (const { code, table, message } of plan.findings) {
    if (code === 'OM2102') expect(message).toMatch(/project is of type .*, which cannot be compared with public.projects.id \(bigint\)/)
    else if (table?.startsWith('notes')) expect(message).toMatch(/organization_id is of type .*, which cannot be compared with public.organizations.id \(bigint\)/)
  }
  expect(changes).toEqual([])
})

test('P4: a key column that is an array moves by the where that its finding names', async () => {
  const both = 'CREATE TABLE notes (id bigint PRIMARY KEY, organization_id bigint[]); CREATE TABLE lists (id bigint PRIMARY KEY, tenant_ids bigint[])'
  const source = "INSERT INTO notes VALUES (1, '{1}'), (2, '{2}'), (3, NULL)"
  const { of, lines } = await found({ both, source, tenancy: { sharding_key: ['organization_id', 'tenant_ids'] } })
  expect(lines).toEqual(['OM2101 error cell-a lists -', 'OM2101 error cell-a notes -'])
  expect(of('OM2101').message).toContain('where: ":org = ANY (t.tenant_ids)"')
  const query = (column: string) => ({ exempt: 'query', where: `:org = ANY (t.${column})` })
  const declared = await found({ both, source, tenancy: { tables: { 'public.notes': query('organization_id'), 'public.lists': query('tenant_ids') } } })
  expect(declared.lines).toEqual([])
  expect(declared.plan.tables.find(({ table }) => table === 'notes')?.rows).toBe(1)
})
