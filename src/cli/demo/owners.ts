/**
 * Whose each row of the demo cell is: for every table one SQL expression over its row `t`. Written by hand and for the proof of the
 * demo alone: nothing here comes from the dictionary or from the mover's own rules, because it is what they are held against.
 */

const NOBODY = `'nobody'`
const ORGANIZATION = 't.organization_id'

const projectOf = (id: string) => `(SELECT p.organization_id FROM projects p WHERE p.id = ${id})`
const namespaceOf = (id: string) => `(SELECT n.organization_id FROM namespaces n WHERE n.id = ${id})`
const issueOf = (id: string) => `(SELECT ${projectOf('i.project_id')} FROM issues i WHERE i.id = ${id})`
const mergeRequestOf = (id: string) => `(SELECT ${projectOf('m.target_project_id')} FROM merge_requests m WHERE m.id = ${id})`
const diffOf = (id: string) => `(SELECT ${mergeRequestOf('d.merge_request_id')} FROM merge_request_diffs d WHERE d.id = ${id})`
const first = (...owners: readonly string[]) => `coalesce(${owners.join(', ')})`

const PROJECT = projectOf('t.project_id')
const NAMESPACE = namespaceOf('t.namespace_id')
const ANY_OF_THREE = first(PROJECT, NAMESPACE, ORGANIZATION)

/** Tables by the way in which their rows say whose they are. */
const BY_OWNER: readonly (readonly [owner: string, tables: readonly string[]])[] = [
  [NOBODY, ['schema_migrations', 'feature_gates', 'deleted_records', 'plans', 'shards']],
  [`'topic ' || t.name`, ['topics']],
  [`'person ' || t.id`, ['users']],
  [`'person ' || t.user_id`, ['emails']],
  ['t.id', ['organizations']],
  [ORGANIZATION, ['organization_users', 'verified_domains', 'namespaces', 'member_roles', 'projects', 'access_tokens', 'audit_events']],
  ['t."organizationId"', ['UserSession']],
  [NAMESPACE, ['namespace_settings', 'subscriptions']],
  [PROJECT, ['project_settings', 'project_statistics', 'project_topics', 'feature_flags', 'releases', 'issues', 'ci_pipelines', 'ci_jobs', 'ci_variables', 'environments', 'deployments', 'search_queue']],
  [first(PROJECT, NAMESPACE), ['members', 'wiki_pages', 'boards', 'todos', 'web_hooks']],
  [first(PROJECT, ORGANIZATION), ['snippets']],
  [ANY_OF_THREE, ['milestones', 'labels', 'notes', 'integrations', 'uploads']],
  [issueOf('t.issue_id'), ['issue_assignees', 'label_links']],
  [issueOf('t.target_id'), ['issue_links']],
  [projectOf('t.target_project_id'), ['merge_requests']],
  [mergeRequestOf('t.merge_request_id'), ['merge_request_diffs', 'approvals']],
  [diffOf('t.merge_request_diff_id'), ['merge_request_diff_files', 'diff_annotations']],
  ['(SELECT r.organization_id FROM member_roles r WHERE r.id = t.member_role_id)', ['member_role_permissions']],
  [`(SELECT ${projectOf('r.project_id')} FROM releases r WHERE r.id = t.release_id)`, ['release_links']],
  [`(SELECT ${first(projectOf('b.project_id'), namespaceOf('b.namespace_id'))} FROM boards b WHERE b.id = t.board_id)`, ['board_lists']],
  [`(SELECT ${first(projectOf('o.project_id'), namespaceOf('o.namespace_id'), 'o.organization_id')} FROM notes o WHERE o.id = t.note_id)`, ['award_emoji']],
  [`(SELECT ${projectOf('j.project_id')} FROM ci_jobs j WHERE j.id = t.job_id AND j.partition_id = t.partition_id)`, ['ci_job_artifacts']],
  [`CASE t.item_type WHEN 'Issue' THEN ${issueOf('t.item_id')} WHEN 'MergeRequest' THEN ${mergeRequestOf('t.item_id')} END`, ['versions']],
]

export const OWNERS: ReadonlyMap<string, string> = new Map(BY_OWNER.flatMap(([owner, tables]) => tables.map((table) => [table, owner] as const)))

/** Columns whose value is the cell's own: what stands for them when rows of two cells are compared. Null: nothing does. */
export const ACROSS_CELLS: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
  topics: { id: null },
  // secrets are encrypted anew: `readSecrets` opens them on both sides
  ci_variables: { encrypted_value: null },
  integrations: { encrypted_properties: null },
  web_hooks: { encrypted_token: null },
  access_tokens: { encrypted_token: null },
  users: { last_activity_on: null },
  subscriptions: { plan_id: '(SELECT x.name FROM plans x WHERE x.id = t.plan_id)' },
  projects: { shard_id: '(SELECT x.name FROM shards x WHERE x.id = t.shard_id)', repository_storage: `regexp_replace(t.repository_storage, '^cell-[0-9]+-', '')` },
  project_settings: { cache_location: null },
  project_topics: { topic_id: '(SELECT lower(x.name::text) FROM topics x WHERE x.id = t.topic_id)' },
}
