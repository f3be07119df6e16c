import { keySetRelation, mapRelation, sharedRelation } from '../dataplane/names.js'
import type { Scope } from '../dataplane/owned-rows.js'
import { withoutIdentityMaps } from '../dataplane/lookup-maps.js'
import type { MapRelation } from '../dataplane/projection.js'
import type { SharedContext } from '../dataplane/shared-rows.js'
import type { MovePlan } from '../domain/move-plan.js'
import type { MoveContext } from './context.js'

/** The plan with what SQL is compiled against once the move's own relations are in the cells' databases. */
export interface FrozenPlan {
  readonly plan: MovePlan
  readonly scope: Scope
  readonly map: MapRelation
  readonly shared: SharedContext
}

export function frozenPlan(ctx: Pick<MoveContext, 'journal' | 'holder'>): FrozenPlan {
  const identical = new Set(ctx.journal.manifest().identicalLookups ?? [])
  const plan = withoutIdentityMaps(ctx.journal.plan(), identical)
  const { moveId } = ctx.holder
  const scope: Scope = { org: plan.org, keySets: plan.keySets, relation: (set) => keySetRelation(moveId, set.no) }
  const map: MapRelation = (no) => mapRelation(moveId, no)
  return { plan, scope, map, shared: { plan, scope, temporary: false, relation: (no) => sharedRelation(moveId, no) } }
}
