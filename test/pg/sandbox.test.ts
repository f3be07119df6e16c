import { describe, expect, it } from 'vitest'
import { freshDatabase } from '../support/database.js'

const NOTES = { name: 'notes', source: { sql: 'CREATE TABLE note (id bigint PRIMARY KEY, text text); INSERT INTO note VALUES (1, $$first$$)' } }

describe('databases of tests', () => {
  it('copies a template for each test, and changes in one copy stay there', async () => {
    await using one = await freshDatabase({ cluster: 'a', template: NOTES })
    await using other = await freshDatabase({ cluster: 'a', template: NOTES })
    await one.query('DELETE FROM note')
    expect(await one.query('SELECT * FROM note')).toEqual([])
    expect(await other.query('SELECT * FROM note')).toEqual([{ id: '1', text: 'first' }])
  })
})
