import type { MovePlan, OwnedTable, PlanColumn } from '../../../src/domain/move-plan.js'

function column(name: string): PlanColumn {
  return { name, type: 'bigint', castType: { schema: 'pg_catalog', name: 'int8' }, equality: 'pg_catalog', collation: null, deterministic: true, generated: false, notNull: true, rule: null, secrets: [], fromSecret: false }
}

function owned(no: number, name: string): OwnedTable {
  return {
    no,
    id: { database: 'main', schema: 'public', name },
    partitioned: false,
    columns: [column('id'), column('org_id')],
    identity: ['id'],
    references: [],
    inbound: [],
    class: 'sharded',
    ownership: { kind: 'keys', alternatives: [{ kind: 'direct', column: 'org_id' }] },
    otherChains: [],
    unowned: 'error',
    differBy: [],
    inboundStays: false,
    bytesEstimate: 0,
    binary: false,
  }
}

/** Two tables of one chunk each: enough for every order of load, verification and purge. */
export const PLAN: MovePlan = { org: '42', source: 'a', target: 'b', databases: ['main'], keySets: [], owned: [owned(1, 'parents'), owned(2, 'children')], shared: [], lookups: [], skipped: [] }
