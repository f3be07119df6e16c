import { expect, test } from 'vitest'
import { sql } from '../../src/postgres/sql.js'
import { cellsInProcess } from '../support/cells-in-process.js'
import { freshDatabase } from '../support/database.js'
import { until } from '../support/until.js'

/** How each sequence of the target is made, the ids that come, and what it gives next. */
const SEQUENCES: readonly (readonly [name: string, options: string, stands: string, ids: readonly number[], next: string])[] = [
  ['before the ids', '', 'setval(%s, 10)', [11, 40], '41'],
  ['never used', 'START 5', '', [5, 6], '7'],
  ['past them', '', 'setval(%s, 100)', [11, 40], '101'],
  ['with a range of the cell, which some are beyond', 'MAXVALUE 50', 'setval(%s, 3)', [20, 7000], '21'],
  ['which takes turns with another cell', 'INCREMENT 2', 'setval(%s, 11)', [12, 40], '43'],
  ['at its last step', 'INCREMENT 10 MAXVALUE 55', 'setval(%s, 41)', [54], ''],
  ['that runs down', 'INCREMENT -1 MINVALUE 1 MAXVALUE 100 START 100', 'setval(%s, 90)', [40, 95], '39'],
  ['far behind', '', 'setval(%s, 10)', [5_000_000], '5000001'],
]

test('P1: sequences: advance moves each sequence of the target past the ids that came, by its own steps and within its range, also where it serves two tables', async () => {
  const tables = SEQUENCES.map(([, options], n) => `CREATE SEQUENCE seq_${n} ${options}; CREATE TABLE t_${n} (id int PRIMARY KEY DEFAULT nextval('seq_${n}'), organization_id bigint NOT NULL REFERENCES organizations); ALTER SEQUENCE seq_${n} OWNED BY t_${n}.id; CREATE TABLE also_${n} (id bigint PRIMARY KEY DEFAULT nextval('seq_${n}'), organization_id bigint NOT NULL REFERENCES organizations)`)
  await using cells = await cellsInProcess({
    databases: ['main'],
    orgs: ['1'],
    setUp: (cell) => ['CREATE TABLE organizations (id bigint PRIMARY KEY)', ...tables, cell === 'a' ? 'INSERT INTO organizations VALUES (1)' : '', ...SEQUENCES.flatMap(([, , stands, ids], n) => (cell === 'a' ? ids.map((id, i) => `INSERT INTO ${i % 2 === 0 ? 'also' : 't'}_${n} VALUES (${id}, 1)`) : stands === '' ? [] : [`SELECT ${stands.replace('%s', `'seq_${n}'`)}`]))].join(';\n'),
    config: { sequences: 'advance' },
  })
  const moved = await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
  expect([moved.error, moved.state]).toEqual([null, 'cut_over'])
  const b = cells.databases.b.get('main')
  for (const [n, [name, , , , next]] of SEQUENCES.entries()) {
    const given = await b?.query<{ id: string }>(`SELECT nextval('seq_${n}')::text AS id`).then((rows) => rows[0]?.id, (error: { code?: string }) => (error.code === '2200H' ? '' : error.code))
    expect([name, given]).toEqual([name, next])
  }
})

test('P2: a sequence that others take numbers from meanwhile gives none of them twice', async () => {
  await using database = await freshDatabase({ cluster: 'b' })
  await database.query('CREATE SEQUENCE ids; CREATE TABLE taken (id bigint PRIMARY KEY)')
  const stopping = new AbortController()
  const failures: unknown[] = []
  let taken = 0
  const takers = [1, 2, 3].map(async () => {
    const client = await database.connect()
    while (!stopping.signal.aborted) {
      await client.query(`INSERT INTO taken SELECT nextval('ids') FROM generate_series(1, 20)`).then(() => (taken += 20), (error: unknown) => failures.push(error))
    }
  })
  const advancing = sql('copy/advance-sequence', { sequence: 'ids' })
  for (let n = 0; n < 500; n += 1) {
    const [at] = await database.query<{ place: string }>(`SELECT (last_value + ${n % 5})::text AS place FROM ids`)
    await database.query(advancing, ['ids', at?.place])
  }
  await until('others took some', async () => taken > 500)
  stopping.abort()
  await Promise.all(takers)
  expect(failures).toEqual([])
})
