import { expect, test } from 'vitest'
import { cellsInProcess } from '../support/cells-in-process.js'

/** `npm run test:huge` takes 600 MB, which text COPY cannot carry where bytea doubles or backslashes do: minutes, and some gigabytes of memory for the servers. */
const BYTES = Number(process.env['ORG_MOVER_TEST_HUGE_BYTES'] ?? 2_000_000)
const IS_HUGE = BYTES > 500_000_000
const SCHEMA = 'CREATE TABLE organizations (id bigint PRIMARY KEY); CREATE TABLE docs (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, body bytea, plain text, marked text); CREATE INDEX ON docs (organization_id)'
const ROWS = `INSERT INTO organizations VALUES (1), (2); INSERT INTO docs VALUES (1, 1, convert_to(repeat('x', ${BYTES}), 'UTF8')), (2, 2, 'x'); INSERT INTO docs (id, organization_id, plain) VALUES (3, 1, repeat('y', ${BYTES})); INSERT INTO docs (id, organization_id, marked) VALUES (4, 1, repeat(E'\\\\', ${BYTES}))`
const LISTING = `SELECT id::int, octet_length(body) AS body, md5(body) AS digest, octet_length(plain) AS plain, octet_length(marked) AS marked, right(marked, 2) AS tail FROM docs WHERE organization_id = 1 ORDER BY id`

test(`P1, P10: values of ${BYTES} bytes move, and no more of them is in the mover's memory than passes through; a row of two such values, too wide for the wire, stops in prepare`, { timeout: IS_HUGE ? 1_800_000 : 60_000 }, async () => {
  await using cells = await cellsInProcess({ databases: ['main'], orgs: ['1'], setUp: (cell) => `${SCHEMA}; ${cell === 'a' ? ROWS : ''}`, config: {} })
  const [a, b] = [cells.databases.a.get('main'), cells.databases.b.get('main')]
  // only an UPDATE makes a row of more than 1 GB
  await a?.query(`UPDATE docs SET plain = repeat('z', ${BYTES}) WHERE id = 1`)
  const plan = await cells.app.plan({ org: '1', to: 'cell-b' })
  expect(plan.findings.map(({ code, severity, examples }) => [code, severity, examples])).toEqual(IS_HUGE ? [['OM2123', 'error', [{ id: '1' }]]] : [])
  await a?.query('UPDATE docs SET plain = NULL WHERE id = 1')
  const before = await a?.query(LISTING)
  const moved = await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
  expect([moved.error, moved.state, moved.verification.verdict]).toEqual([null, 'cut_over', 'equal'])
  expect(await b?.query(LISTING)).toEqual(before)
  expect((await cells.app.purge(moved.moveId ?? '', {}, cells.io)).state).toBe('completed')
  expect(process.resourceUsage().maxRSS).toBeLessThan(1_000_000)
})
