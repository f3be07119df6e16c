import { describe, expect, it } from 'vitest'
import { clusterUrl } from '../support/clusters.js'
import { freshDatabase } from '../support/database.js'
import { assertNoLeaks } from '../support/leak-check.js'
import { templateDatabase } from '../support/template-database.js'

const NOTES = { name: 'notes', source: { sql: 'CREATE TABLE note (id bigint PRIMARY KEY, text text); INSERT INTO note VALUES (1, $$first$$)' } }

describe('databases of tests', () => {
  it('copies a template for each test, and changes in one copy stay there', async () => {
    await using one = await freshDatabase({ cluster: 'a', template: NOTES })
    await using other = await freshDatabase({ cluster: 'b', template: NOTES })
    await using third = await freshDatabase({ cluster: 'a', template: NOTES })
    await one.query('DELETE FROM note')
    expect(await one.query('SELECT * FROM note')).toEqual([])
    expect(await other.query('SELECT * FROM note')).toEqual([{ id: '1', text: 'first' }])
    expect(await third.query('SELECT * FROM note')).toEqual([{ id: '1', text: 'first' }])
  })

  it('builds a template once, also when several want it at the same time', async () => {
    const template = { name: 'race', source: { sql: 'CREATE TABLE race (id int)' } }
    const names = await Promise.all([1, 2, 3, 4].map(() => templateDatabase('b', template)))
    expect(new Set(names).size).toBe(1)
    expect(await templateDatabase('b', { ...template, source: { sql: 'CREATE TABLE race (id bigint)' } })).not.toBe(names[0])
  })

  it('drops a database with whatever still hangs on it', async () => {
    await using witness = await freshDatabase({ cluster: 'a' })
    const doomed = await freshDatabase({ cluster: 'a', template: NOTES })
    const client = await doomed.connect()
    // the slot first: its creation would wait for the prepared transaction
    await client.query("SELECT pg_create_logical_replication_slot('left_over', 'pgoutput')")
    await client.query("BEGIN; INSERT INTO note VALUES (2, 'second'); PREPARE TRANSACTION 'left-over'")
    await doomed[Symbol.asyncDispose]()
    expect(await witness.query('SELECT FROM pg_database WHERE datname = $1', [doomed.name])).toEqual([])
  })

  it('finds what the code under test left behind, and not the test’s own sessions', async () => {
    await using database = await freshDatabase({ cluster: 'a' })
    await database.query('SELECT 1')
    await assertNoLeaks(database)
    await using other = await freshDatabase({ cluster: 'a' })
    const client = await other.connect()
    await client.query("SET application_name = 'forgotten'")
    await expect(assertNoLeaks(other, { patienceMs: 0 })).rejects.toThrow('forgotten')
  })

  it('has two servers that are different systems', async () => {
    await using a = await freshDatabase({ cluster: 'a' })
    await using b = await freshDatabase({ cluster: 'b' })
    expect(clusterUrl('a')).not.toBe(clusterUrl('b'))
    const identifier = 'SELECT system_identifier FROM pg_control_system()'
    expect(await a.query(identifier)).not.toEqual(await b.query(identifier))
  })
})
