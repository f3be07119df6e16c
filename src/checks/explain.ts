import type { RowSource } from '../dataplane/owned-rows.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'

export interface PlanNode {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string
  readonly 'Index Name'?: string
  readonly Plans?: readonly PlanNode[]
}

/** Every node of the plan by which the server would read these rows, the root first. Reads nothing. */
export async function explained(session: Session, { from, where }: RowSource): Promise<readonly PlanNode[]> {
  const [row] = await session.rows<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(sql('prepare/explain', { from, where }))
  const root = row?.['QUERY PLAN'][0]?.Plan
  return root === undefined ? [] : flatten(root)
}

function flatten(node: PlanNode): readonly PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)]
}
