import { describe, expect, test } from 'vitest'
import type { PlanDocument } from '../../src/domain/documents.js'
import { cellsInProcess } from '../support/cells-in-process.js'
import type { CellsInProcess } from '../support/cells-in-process.js'

const SCHEMA = `
  CREATE TABLE organizations (id bigint PRIMARY KEY);
  CREATE TABLE notes (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, body text);
  CREATE INDEX ON notes (organization_id, body);
  CREATE INDEX ON notes (body, organization_id);
  CREATE TABLE events (id bigint, organization_id bigint NOT NULL REFERENCES organizations, PRIMARY KEY (id, organization_id)) PARTITION BY RANGE (id);
  CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (1000000);
`
const ROWS = `
  INSERT INTO organizations VALUES (1), (2), (3);
  INSERT INTO notes SELECT n, 1 + n % 3, md5(n::text) || md5((n + 1)::text) FROM generate_series(1, 6000) AS n;
  INSERT INTO events SELECT n, 1 + n % 3 FROM generate_series(1, 3000) AS n;
  ANALYZE;
`

function cells(capacity?: Readonly<Record<string, unknown>>): Promise<CellsInProcess> {
  return cellsInProcess({ databases: ['main'], orgs: ['1', '2', '3'], setUp: (cell) => (cell === 'a' ? SCHEMA + ROWS : SCHEMA), config: {}, ...(capacity === undefined ? {} : { cell: { capacity } }) })
}

const plan = (two: CellsInProcess): Promise<PlanDocument> => two.app.plan({ org: '1', to: 'cell-b' })
const full = ({ findings }: PlanDocument): readonly string[] => findings.filter(({ code }) => code === 'OM2135').map(({ severity, cell, message }) => `${severity} ${cell ?? ''}: ${message}`)
const probe = (script: string): Readonly<Record<string, unknown>> => ({ probe: { command: [process.execPath, '-e', script] } })

describe('the room of a cell', () => {
  test('does not matter where no capacity is configured', async () => {
    await using two = await cells()
    const document = await plan(two)
    expect([document.room, full(document), document.blocking]).toEqual([null, [], false])
  })

  test('in bytes: the need has the share of indexes; what does not fit is an error with need and room, and stops a move with nothing changed', async () => {
    await using two = await cells({ bytes: 1_000_000_000_000 })
    const roomy = await plan(two)
    const [bytes] = roomy.room?.bytes ?? []
    expect([full(roomy), roomy.blocking, bytes?.by]).toEqual([[], false, 'size of its databases, of 1,000,000,000,000 bytes'])
    const [size] = (await two.databases.b.get('main')?.query<{ bytes: string }>('SELECT pg_database_size(current_database()) AS bytes')) ?? []
    expect(Math.abs((bytes?.free ?? 0) - (1_000_000_000_000 - Number(size?.bytes)))).toBeLessThan(10_000_000)
    // two wide indexes and a key beside 100 bytes a row
    expect(bytes?.need).toBe(roomy.room?.needBytes)
    expect((bytes?.need ?? 0) / roomy.totals.bytes).toBeGreaterThan(1.8)
    expect((bytes?.need ?? 0) / roomy.totals.bytes).toBeLessThan(4)

    await using tight = await cells({ bytes: 1_000 })
    const document = await plan(tight)
    expect(full(document)).toEqual([expect.stringMatching(/^error cell-b: the organization needs about [\d,]+ bytes on cell-b, indexes included, and cell-b has room for 0 \(size of its databases, of 1,000 bytes\)$/)])
    const moved = await tight.app.move({ org: '1', to: 'cell-b' }, tight.io)
    expect([moved.state, moved.error?.code, moved.findings.map(({ code }) => code)]).toEqual(['aborted', 'OM2007', ['OM2135']])
    expect(await tight.databases.b.get('main')?.query('SELECT 1 FROM organizations')).toEqual([])
  })

  test('in organizations: by the routes to it, and moves on their way there', async () => {
    await using two = await cells({ organizations: 2 })
    expect((await plan(two)).room?.organizations).toEqual([{ need: 1, free: 2, by: '0 route(s) counted in the routing table and 0 other move(s) on the way, of 2' }])
    await two.app.move({ org: '2', to: 'cell-b', pauseBefore: 'freeze' }, two.io)
    expect([(await plan(two)).room?.organizations[0]?.free, full(await plan(two))]).toEqual([1, []])
    await two.control.query(`UPDATE org_mover.route SET cell = 'cell-b' WHERE organization = '3'`)
    const document = await plan(two)
    expect(full(document)).toEqual(['error cell-b: one more organization does not fit on cell-b, which has room for 0 (1 route(s) counted in the routing table and 1 other move(s) on the way, of 2)'])
    expect(document.blocking).toBe(true)
  })

  test('as a probe tells it, which is told the need', async () => {
    await using two = await cells(probe(`let text = ''; process.stdin.on('data', (part) => text += part).on('end', () => { const { cell, org, needs } = JSON.parse(text); console.log(JSON.stringify({ bytes_free: cell === 'cell-b' && org === '1' ? needs.bytes - 1 : 1e15, organizations_free: 7 })) })`))
    const document = await plan(two)
    const need = document.room?.needBytes ?? 0
    expect(document.room).toEqual({ needBytes: need, bytes: [{ need, free: need - 1, by: 'its probe' }], organizations: [{ need: 1, free: 7, by: 'its probe' }] })
    expect(full(document)).toEqual([`error cell-b: the organization needs about ${need.toLocaleString('en-US')} bytes on cell-b, indexes included, and cell-b has room for ${(need - 1).toLocaleString('en-US')} (its probe)`])
  })

  test.each([
    ['fails', 'process.exit(3)', /it ended with exit status 3/],
    ['answers something else', 'console.log("plenty")', /it did not answer \{"bytes_free": number/],
  ])('a probe that %s stops the move: nobody knows then', async (_, script, message) => {
    await using two = await cells(probe(script))
    expect(full(await plan(two))).toEqual([expect.stringMatching(message)])
  })
})
