import { escapeIdentifier } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Difference, DifferenceKind, MoveDocument } from '../../src/domain/documents.js'
import { demoCells, pictureOf } from '../support/demo-cells.js'
import type { DemoCells, Picture } from '../support/demo-cells.js'
import type { TestDatabase } from '../support/database.js'
import { moveUntil, picturesOf } from '../support/demo-moves.js'
import { pastTheFence } from '../support/past-the-fence.js'

/** One change to one row of the target that a comparison by count, or by a careless text, would not see. */
interface Plant {
  readonly name: string
  readonly table: string
  /** Which of the organization's rows, in the order of the key. */
  readonly row: number
  /** What the row is made to hold on the source before the move. */
  readonly prepare?: string
  readonly corrupt: string
  readonly kind?: DifferenceKind
  readonly columns?: readonly string[]
}

const PLANTS: readonly Plant[] = [
  { name: 'numeric 1.5 and 1.50', table: 'issues', row: 0, prepare: 'weight = 1.5', corrupt: 'weight = 1.50', columns: ['weight'] },
  { name: 'a month and thirty days', table: 'issues', row: 1, prepare: `time_estimate = '1 mon'`, corrupt: `time_estimate = '30 days'`, columns: ['time_estimate'] },
  { name: 'one microsecond', table: 'issues', row: 2, corrupt: `created_at = created_at + interval '1 microsecond'`, columns: ['created_at'] },
  { name: 'empty text and NULL', table: 'issues', row: 3, prepare: `description = ''`, corrupt: 'description = NULL', columns: ['description'] },
  { name: 'NULL and empty text', table: 'issues', row: 4, prepare: 'description = NULL', corrupt: `description = ''`, columns: ['description'] },
  { name: 'white space in json', table: 'issues', row: 5, prepare: `raw = '{"a":1}'`, corrupt: `raw = '{"a": 1}'`, columns: ['raw'] },
  { name: 'a blank at the end, and the generated column that counts it', table: 'issues', row: 6, corrupt: `title = title || ' '`, columns: ['title', 'title_length'] },
  { name: 'two columns of a row swapped', table: 'issues', row: 7, prepare: `created_at = '2024-01-02', closed_at = '2024-01-03'`, corrupt: 'created_at = closed_at, closed_at = created_at', columns: ['closed_at', 'created_at'] },
  { name: 'the same letter composed and decomposed', table: 'issues', row: 8, prepare: `description = U&'caf\\00e9'`, corrupt: `description = U&'cafe\\0301'`, columns: ['description'] },
  { name: 'NULL and false', table: 'issues', row: 9, prepare: 'confidential = NULL', corrupt: 'confidential = false', columns: ['confidential'] },
  { name: '1.0 and 1 in jsonb', table: 'notes', row: 0, prepare: `position = '{"v": 1.0}'`, corrupt: `position = '{"v": 1}'`, columns: ['position'] },
  { name: 'a bound of a range', table: 'notes', row: 1, prepare: `line_range = '[1,5)'`, corrupt: `line_range = '[1,6)'`, columns: ['line_range'] },
  { name: 'the texts of two rows exchanged (1)', table: 'notes', row: 2, prepare: `note = 'one'`, corrupt: `note = 'two'`, columns: ['note'] },
  { name: 'the texts of two rows exchanged (2)', table: 'notes', row: 3, prepare: `note = 'two'`, corrupt: `note = 'one'`, columns: ['note'] },
  { name: 'case in citext', table: 'projects', row: 0, prepare: `path = 'quiet'`, corrupt: `path = 'QUIET'`, columns: ['path'] },
  { name: 'NULL and the word NULL in an array', table: 'projects', row: 1, prepare: `tags = '{a,NULL}'`, corrupt: `tags = '{a,"NULL"}'`, columns: ['tags'] },
  { name: 'zero and minus zero', table: 'project_statistics', row: 0, prepare: 'activity_score = 0', corrupt: `activity_score = '-0'`, columns: ['activity_score'] },
  { name: 'the last bit of a float', table: 'project_statistics', row: 1, prepare: 'activity_score = 0.1', corrupt: 'activity_score = 0.10000000000000002', columns: ['activity_score'] },
  { name: 'one byte of a file', table: 'uploads', row: 0, prepare: `content = '\\x00ff00'`, corrupt: 'content = set_byte(content, 1, 254)', columns: ['content'] },
  { name: 'one byte of a secret', table: 'ci_variables', row: 0, corrupt: 'encrypted_value = set_byte(encrypted_value, 0, get_byte(encrypted_value, 0) # 1)', columns: ['encrypted_value'] },
  { name: 'an enum in a partition', table: 'ci_jobs', row: 0, prepare: `status = 'success'`, corrupt: `status = 'failed'`, columns: ['status'] },
  { name: 'the owner', table: 'access_tokens', row: 0, corrupt: 'organization_id = 1000001', columns: ['organization_id'] },
  { name: 'a row lost', table: 'audit_events', row: 1, corrupt: 'DELETE', kind: 'missing' },
  { name: 'a row lost where the table has no key', table: 'project_topics', row: 0, corrupt: 'DELETE', kind: 'missing' },
]

/** Primary keys of the tables above, and how a row of theirs tells its organization. */
const KEYS: Readonly<Record<string, readonly string[]>> = { project_statistics: ['project_id'], ci_jobs: ['id', 'partition_id'], audit_events: ['id', 'created_at'], project_topics: [] }
const BY_PROJECT = `project_id IN (SELECT id FROM projects WHERE organization_id = $1)`
const owner = (table: string): string => (['projects', 'audit_events', 'access_tokens'].includes(table) ? 'organization_id = $1' : BY_PROJECT)

type Key = Readonly<Record<string, string>>

describe('the verifier finds what was changed on the target between copy and verification (P1)', () => {
  let cells: DemoCells
  let moveId: string
  let before: { readonly a: Picture; readonly b: Picture }
  let copied: { readonly a: Picture; readonly b: Picture }
  let verified: { readonly code: number | null; readonly json: MoveDocument; readonly stdout: string; readonly stderr: string }
  const planted = new Map<Plant, Key>()
  const extra = { id: '', created_at: '' }

  // one row a chunk, so that every change is found by the chunk's own fingerprint and not in the wake of another
  beforeAll(async () => {
    cells = await demoCells({ config: { copy: { jobs: 2, chunk_rows: 1 } } })
    for (const cell of [cells.a, cells.b]) await cell.query('ALTER TABLE issues ADD COLUMN raw json')
    for (const plant of PLANTS) {
      const key = await keyOf(cells.a, plant, cells.org)
      planted.set(plant, key)
      if (plant.prepare !== undefined) await apply(cells.a, plant, key, plant.prepare)
    }
    before = await picturesOf(cells)
    moveId = await moveUntil(cells, 'verify')
    copied = await picturesOf(cells)
    await pastTheFence(cells.b, async () => {
      for (const [plant, key] of planted) await apply(cells.b, plant, key, plant.corrupt)
      const [row] = await cells.b.query<{ id: string; created_at: string }>(
        `INSERT INTO audit_events (created_at, organization_id, details) VALUES ('2024-06-01', $1, '{}') RETURNING id::text, created_at::text`,
        [cells.org],
      )
      Object.assign(extra, row)
      await cells.b.query('DELETE FROM audit_events WHERE organization_id = 1000001 AND id = (SELECT min(id) FROM audit_events WHERE organization_id = 1000001 AND id > 1000000000000)')
    })
    verified = await cells.orgMover(['verify', moveId])
  })
  afterAll(async () => {
    await cells[Symbol.asyncDispose]()
  })

  const found = (table: string): readonly Difference[] => verified.json.verification.examples.filter((example) => example.table === table)

  test('it ends with exit 4 and the verdict "different", and says so of every kind', () => {
    expect(verified.code, verified.stderr).toBe(4)
    expect(verified.json.error).toMatchObject({ code: 'OM4001', retry: 'after-fix' })
    expect(verified.json.verification.verdict).toBe('different')
  })

  for (const plant of PLANTS) {
    test(`found: ${plant.name}, by table, key and column`, () => {
      const key = planted.get(plant) ?? {}
      const expected = { schema: 'public', table: plant.table, kind: plant.kind ?? 'mismatching', columns: plant.columns ?? [] }
      if (Object.keys(key).length === 0) expect(found(plant.table)).toContainEqual(expect.objectContaining(expected))
      else expect(found(plant.table)).toContainEqual({ ...expected, primaryKey: key })
    })
  }

  test('found: a row that nobody sent, by its key', () => {
    expect(found('audit_events')).toContainEqual({ schema: 'public', table: 'audit_events', primaryKey: extra, kind: 'extraneous', columns: [] })
  })

  test('not reported: a neighbour\'s row that is gone, or any row that is equal', () => {
    const { missing, extraneous, mismatching } = verified.json.verification
    const lost = PLANTS.filter((plant) => plant.kind === 'missing').length
    expect({ missing, extraneous, mismatching }).toEqual({ missing: lost, extraneous: 1, mismatching: PLANTS.length - lost })
    expect(verified.json.verification.examples).toHaveLength(PLANTS.length + 1)
  })

  test('no value of a row is shown, only keys and names of columns', () => {
    for (const value of ['QUIET', 'quiet', '{"a": 1}', 'thirty', '\\\\x00fe00']) expect(`${verified.stdout}${verified.stderr}`).not.toContain(value)
  })

  test('resume loads the differing chunks again and verifies: what it may not touch still differs, the route is unchanged and the source still fenced', async () => {
    const { code, json } = await cells.orgMover(['resume', moveId, '--yes'])
    expect({ code, error: json.error?.code, verdict: json.verification.verdict, state: json.state }).toEqual({ code: 4, error: 'OM4001', verdict: 'different', state: 'failed' })
    // a table without a key has no list of its rows, and a row that nobody sent is nobody's to delete
    const { missing, extraneous, mismatching, examples } = json.verification
    expect({ missing, extraneous, mismatching }).toEqual({ missing: 1, extraneous: 1, mismatching: 0 })
    expect(examples.map(({ table, kind }) => `${table} ${kind}`).sort()).toEqual(['audit_events extraneous', 'project_topics missing'])
    const route = await cells.orgMover(['route', 'get', '--org', cells.org])
    expect({ cell: route.json.cell, epoch: route.json.epoch }).toEqual({ cell: 'cell-a', epoch: 1 })
    await expect(cells.a.query('UPDATE organizations SET name = name WHERE id = $1', [cells.org])).rejects.toMatchObject({ code: 'OM001' })
    const a = await pictureOf(cells.a)
    expect(a).toEqual(copied.a)
  })

  test('abort deletes nothing that it did not load: it names what stands in the way, the source serves, and it ends once that is put right', async () => {
    const stopped = await cells.orgMover(['abort', moveId, '--yes'])
    expect({ code: stopped.code, state: stopped.json.state, error: stopped.json.error?.code }).toEqual({ code: 3, state: 'aborting', error: 'OM4003' })
    await cells.a.query('UPDATE organizations SET name = name WHERE id = $1', [cells.org])
    await pastTheFence(cells.b, async () => {
      // the lost row comes back in any shape
      await cells.b.query('INSERT INTO project_topics SELECT p.id, 1 FROM projects p WHERE p.organization_id = $1 ORDER BY p.id LIMIT 1', [cells.org])
    })
    const strayed = await cells.orgMover(['abort', moveId, '--yes'])
    expect({ code: strayed.code, state: strayed.json.state, error: strayed.json.error }).toMatchObject({ code: 3, state: 'aborting', error: { code: 'OM2107', message: expect.stringContaining('public.audit_events') } })
    await pastTheFence(cells.b, () => cells.b.query('DELETE FROM audit_events WHERE id = $1 AND organization_id = $2', [extra.id, cells.org]))
    const aborted = await cells.orgMover(['abort', moveId, '--yes'])
    expect({ code: aborted.code, state: aborted.json.state, error: aborted.json.error }).toEqual({ code: 0, state: 'aborted', error: null })
    const after = await picturesOf(cells)
    expect(after.a).toEqual(before.a)
    expect(after.b.objects).toEqual(before.b.objects)
    expect(after.b.organizations.has(cells.org)).toBe(false)
  })

  test('found: a row of the target, no part of the move, that moved rows refer to and that is gone; put back, the move goes on', async () => {
    const [org = ''] = cells.neighbours
    const id = await moveUntil(cells, 'verify', { org })
    const [shard] = await cells.b.query<{ id: number; name: string }>('SELECT s.* FROM shards s WHERE EXISTS (SELECT FROM projects p WHERE p.shard_id = s.id AND p.organization_id = $1) LIMIT 1', [org])
    await pastTheFence(cells.b, () => cells.b.query('DELETE FROM shards WHERE id = $1', [shard?.id]))
    const { code, json } = await cells.orgMover(['verify', id])
    expect({ code, error: json.error }).toMatchObject({ code: 4, error: { code: 'OM4001', message: expect.stringMatching(/public\.projects .*shard_id.*public\.shards/) } })
    expect(json.verification.verdict).toBe('different')
    await cells.b.query('INSERT INTO shards SELECT * FROM jsonb_populate_record(NULL::shards, $1)', [JSON.stringify(shard)])
    const resumed = await cells.orgMover(['resume', id, '--yes'])
    expect({ code: resumed.code, state: resumed.json.state, error: resumed.json.error }).toEqual({ code: 0, state: 'cut_over', error: null })
  })
})

async function keyOf(cell: TestDatabase, { table, row }: Plant, org: string): Promise<Key> {
  const columns = KEYS[table] ?? ['id']
  if (columns.length === 0) return {}
  const order = columns.map(escapeIdentifier).join(', ')
  const rows = await cell.query<Record<string, string>>(`SELECT ${columns.map((name) => `${escapeIdentifier(name)}::text AS ${escapeIdentifier(name)}`).join(', ')} FROM ${escapeIdentifier(table)} WHERE ${owner(table)} ORDER BY ${order} OFFSET $2 LIMIT 1`, [org, row])
  const [key] = rows
  if (key === undefined) throw new Error(`${table} has no row ${row} of organization ${org}`)
  return key
}

async function apply(cell: TestDatabase, { table }: Plant, key: Key, change: string): Promise<void> {
  const columns = Object.keys(key)
  const name = escapeIdentifier(table)
  const where = columns.length === 0 ? `ctid = (SELECT min(ctid) FROM ${name} WHERE ${BY_PROJECT})` : columns.map((column, n) => `${escapeIdentifier(column)} = $${n + 1}`).join(' AND ')
  const rows = await cell.query(`${change === 'DELETE' ? `DELETE FROM ${name}` : `UPDATE ${name} SET ${change}`} WHERE ${where} RETURNING 1`, columns.length === 0 ? ['1'] : Object.values(key))
  if (rows.length !== 1) throw new Error(`${change} changed ${rows.length} rows of ${table}`)
}
