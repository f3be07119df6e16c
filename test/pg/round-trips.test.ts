import { expect, test } from 'vitest'
import { cellsInProcess } from '../support/cells-in-process.js'
import type { CellName } from '../support/generated-cell/model.js'
import { WireProxy } from '../support/wire-proxy.js'

const FEW = 20
const MANY = 120

function schema(cell: CellName, tables: number): string {
  const rows = cell === 'a' ? `INSERT INTO organizations VALUES (1), (2);` : 'INSERT INTO organizations VALUES (9);'
  const empty = Array.from({ length: tables }, (_, n) => `CREATE TABLE t${n} (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, name text); CREATE INDEX ON t${n} (organization_id); ${cell === 'a' ? `INSERT INTO t${n} VALUES (1, 2, 'a neighbour');` : ''}`)
  return `CREATE TABLE organizations (id bigint PRIMARY KEY); ${rows} CREATE TABLE notes (id bigint PRIMARY KEY, organization_id bigint NOT NULL REFERENCES organizations, body text); CREATE INDEX ON notes (organization_id);
    ${cell === 'a' ? `INSERT INTO notes VALUES (1, 1, 'a note');` : ''} ${empty.join('\n')}`
}

/** Round trips of one move to both cells and the control database, with so many tables in which the organization has nothing. */
async function roundTrips(tables: number): Promise<number> {
  const proxies: WireProxy[] = []
  try {
    await using cells = await cellsInProcess({
      databases: ['main'],
      setUp: (cell) => schema(cell, tables),
      config: { tenancy: {} },
      orgs: ['1'],
      connectAs: async ({ url }) => {
        const proxy = await WireProxy.start(url)
        proxies.push(proxy)
        return proxy.through(url)
      },
    })
    for (const proxy of proxies) proxy.reset()
    expect(await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)).toMatchObject({ state: 'cut_over' })
    return proxies.reduce((sum, { statements }) => sum + statements, 0)
  } finally {
    for (const proxy of proxies) await proxy[Symbol.asyncDispose]()
  }
}

test('a table in which the organization has nothing costs a move three round trips at most (P10)', async () => {
  const [few, many] = [await roundTrips(FEW), await roundTrips(MANY)]
  expect((many - few) / (MANY - FEW)).toBeLessThanOrEqual(3)
  // the proxies were in the way
  expect(few).toBeGreaterThan(FEW)
})
