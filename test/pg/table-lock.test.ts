import { expect, test } from 'vitest'
import { underTableLocks } from '../../src/fence/table-lock.js'
import type { TableWork } from '../../src/fence/table-lock.js'
import { Session } from '../../src/postgres/session.js'
import { freshDatabase } from '../support/database.js'

const NAMES = ['a', 'b', 'c', 'parted', 'd']
const SCHEMA = `CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
  ${['a', 'b', 'c', 'd'].map((name) => `CREATE TABLE ${name} (id int);`).join('\n')}
  CREATE TABLE parted (id int) PARTITION BY LIST (id); CREATE TABLE leaf PARTITION OF parted FOR VALUES IN (1)`

const works: readonly TableWork[] = NAMES.map((name) => ({
  table: { schema: 'public', name },
  partitioned: name === 'parted',
  statements: (partitions) => [{ schema: 'public', name }, ...partitions].map((table) => `CREATE OR REPLACE TRIGGER g BEFORE TRUNCATE ON "${table.schema}"."${table.name}" EXECUTE FUNCTION public.f()`),
}))

test('a busy table keeps no other from its fence, and gets its own when it is free', async () => {
  await using database = await freshDatabase({ cluster: 'a', template: { name: 'table-lock', source: { sql: SCHEMA } } })
  await using session = await Session.open({ url: database.url, role: 'admin', label: 'cell-a/main', applicationName: 'test', lockTimeoutMs: 50 })
  const fenced = async (): Promise<readonly string[]> => (await database.query<{ name: string }>("SELECT tgrelid::regclass::text AS name FROM pg_trigger WHERE tgname = 'g' ORDER BY 1")).map(({ name }) => name)
  const writer = await database.connect()
  await writer.query('BEGIN; INSERT INTO b VALUES (1)')
  const waiting: (string | null)[] = []
  let whileBusy: readonly string[] = []
  const { signal } = new AbortController()
  const onWaiting = (reason: string | null): void => {
    waiting.push(reason)
    if (waiting.length > 1) return
    void fenced()
      .then((names) => (whileBusy = names))
      .finally(() => void writer.query('COMMIT'))
  }
  await underTableLocks({ session, mode: 'SHARE ROW EXCLUSIVE', onWaiting, signal }, works)
  expect(waiting[0]).toContain('public.b')
  expect(waiting.at(-1)).toBeNull()
  expect(whileBusy).toEqual(['a'])
  expect(await fenced()).toEqual(['a', 'b', 'c', 'd', 'leaf', 'parted'])
})

test('what fails for another reason is told, and leaves the session as it was', async () => {
  await using database = await freshDatabase({ cluster: 'a', template: { name: 'table-lock', source: { sql: SCHEMA } } })
  await using session = await Session.open({ url: database.url, role: 'admin', label: 'cell-a/main', applicationName: 'test', lockTimeoutMs: 1_000 })
  const { signal } = new AbortController()
  const broken = works.map((work) => (work.table.name === 'b' ? { ...work, statements: () => ['SELECT 1 / 0'] } : work))
  await expect(underTableLocks({ session, mode: 'SHARE ROW EXCLUSIVE', onWaiting: () => undefined, signal }, broken)).rejects.toMatchObject({ code: 'OM3007' })
  expect(await session.rows('SELECT pg_current_xact_id_if_assigned() IS NULL AS free, current_setting($1) AS synchronous', ['synchronous_commit'])).toEqual([{ free: true, synchronous: 'on' }])
  expect(await database.query("SELECT tgrelid::regclass::text AS name FROM pg_trigger WHERE tgname = 'g'")).toEqual([{ name: 'a' }])
})
