import { describe, expect, it } from 'vitest'
import type { Catalog } from '../../src/domain/catalog.js'
import { buildPlan } from '../../src/domain/build-plan.js'
import { classify } from '../../src/domain/classify.js'
import { buildKeySets } from '../../src/domain/key-sets.js'
import type { KeySet } from '../../src/domain/move-plan.js'
import { isOwned } from '../../src/domain/ownership.js'
import { standingFor } from '../../src/domain/standing.js'
import type { Tenancy } from '../../src/domain/tenancy.js'
import { buildCatalog, buildTenancy, described } from '../support/catalog-builder.js'

const ORGANIZATIONS = { organizations: 'id pk' }

function keySets(catalogs: Readonly<Record<string, Catalog>>, entries: Tenancy['entries'] = []): readonly KeySet[] {
  const all = new Map(Object.entries(catalogs))
  const { units } = classify(all, buildTenancy({ entries }))
  return buildKeySets(units.filter(isOwned), standingFor(units, all))
}

/** `1 projects(id) main,ci`; sets that are filled together bear the number of their circle. */
function lines(sets: readonly KeySet[]): readonly string[] {
  return sets.map((set) => `${set.no} ${set.owner.name}(${set.columns.join('+')}) ${set.databases.join()}${set.circle === null ? '' : ` circle ${set.circle}`}`)
}

describe('key sets', () => {
  it('are those that other tables ask for, parents first; a key column itself needs none', () => {
    const main = buildCatalog({ ...ORGANIZATIONS, projects: 'id pk, organization_id!', notes: 'id pk, project_id! > projects', awards: 'id pk, note_id! > notes', badges: 'id pk, organization_id!' })
    expect(lines(keySets({ main }))).toEqual(['1 projects(id) main', '2 notes(id) main'])
  })

  it('are kept by what is referred to, once for all who ask for the same columns', () => {
    const main = buildCatalog({ ...ORGANIZATIONS, runs: 'id pk, at pk, uuid!, organization_id!', a: 'id pk, run!', b: 'id pk, run_id!, run_at!', c: 'id pk, run!' }, {
      composite: { a: [[['run'], 'runs', ['uuid']]], b: [[['run_id', 'run_at'], 'runs', ['id', 'at']]], c: [[['run'], 'runs', ['uuid']]] },
    })
    expect(lines(keySets({ main })).map((line) => line.slice(2)).toSorted()).toEqual(['runs(id+at) main', 'runs(uuid) main'])
  })

  it('are shipped to the databases whose tables are told by them', () => {
    const main = buildCatalog({ ...ORGANIZATIONS, projects: 'id pk, organization_id!' })
    const ci = buildCatalog({ pipelines: 'id pk, project_id!', jobs: 'id pk, pipeline_id! > pipelines' })
    expect(lines(keySets({ main, ci }, [described('pipelines', { sharding_key: { project_id: 'projects' } })]))).toEqual(['1 projects(id) main,ci', '2 pipelines(id) ci'])
  })

  it('of a table nested in itself are filled until nothing is new', () => {
    const main = buildCatalog({ ...ORGANIZATIONS, groups: 'id pk, organization_id, parent_id' })
    expect(lines(keySets({ main }, [described('groups', { sharding_key: { organization_id: 'organizations', parent_id: 'groups' } })]))).toEqual(['1 groups(id) main circle 1'])
  })

  it('that ask for each other stand together, after what both ask for and before what asks for them', () => {
    const main = buildCatalog({ ...ORGANIZATIONS, accounts: 'id pk, organization_id!', a: 'id pk, account_id, b_id', b: 'id pk, a_id', c: 'id pk, b_id! > b', d: 'id pk, c_id! > c' })
    const entries = [described('a', { sharding_key: { account_id: 'accounts', b_id: 'b' } }), described('b', { sharding_key: { a_id: 'a' } })]
    const sets = keySets({ main }, entries)
    expect(sets.map((set) => set.owner.name)).toEqual(['accounts', 'a', 'b', 'c'])
    const [accounts, a, b, c] = sets
    expect(accounts?.circle).toBeNull()
    expect(a?.circle).not.toBeNull()
    expect(b?.circle).toBe(a?.circle)
    expect(c?.circle).toBeNull()
  })

  it('of chains that were passed over are there too, to compare with', () => {
    const main = buildCatalog({ ...ORGANIZATIONS, issues: 'id pk, organization_id!', labels: 'id pk, organization_id!', links: 'issue_id! pk > issues, label_id! pk > labels' })
    expect(keySets({ main }).map((set) => set.owner.name)).toEqual(['issues', 'labels'])
  })

  it('are built for ten thousand tables in bounded time, and so is the plan (P10)', () => {
    const tables: Record<string, string> = { ...ORGANIZATIONS, t0: 'id pk, organization_id! > organizations' }
    for (let n = 1; n < 10_000; n += 1) tables[`t${n}`] = `id pk, a! > t${Math.floor(n / 3)}, b! > t${Math.floor(n / 2)}`
    const catalogs = new Map([['main', buildCatalog(tables)]])
    const { units } = classify(catalogs, buildTenancy())
    const start = performance.now()
    const plan = buildPlan({ org: '1', source: 'cell-a', target: 'cell-b', catalogs, units })
    expect(plan.keySets).toHaveLength(5000)
    expect(performance.now() - start).toBeLessThan(15_000)
  }, 60_000)
})
