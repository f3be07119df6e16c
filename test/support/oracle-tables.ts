/**
 * Whose each row of the demo cell is, written by hand: one SQL expression over the row `t` for each table, NULL where the row belongs
 * to nobody. Nothing here may be derived from the dictionary or from the mover's own rules: this is what they are held against.
 */
export interface OracleTable {
  readonly table: string
  /** Yields the organization's id; 'NULL' for tables of the cell itself. */
  readonly owner: string
  /** Columns whose value depends on the cell, by an expression that does not. */
  readonly instead?: Readonly<Record<string, string>>
  /** Columns that a move sets to something else, on purpose. */
  readonly omit?: readonly string[]
}

const project = (key: string) => `(SELECT p.organization_id FROM public.projects p WHERE p.id = ${key})`
const namespace = (key: string) => `(SELECT n.organization_id FROM public.namespaces n WHERE n.id = ${key})`
const issue = (key: string) => `(SELECT p.organization_id FROM public.issues i JOIN public.projects p ON p.id = i.project_id WHERE i.id = ${key})`
const mergeRequest = (key: string) =>
  `(SELECT p.organization_id FROM public.merge_requests m JOIN public.projects p ON p.id = m.target_project_id WHERE m.id = ${key})`
const diff = (key: string) =>
  `(SELECT p.organization_id FROM public.merge_request_diffs d JOIN public.merge_requests m ON m.id = d.merge_request_id
    JOIN public.projects p ON p.id = m.target_project_id WHERE d.id = ${key})`
const firstOf = (...owners: readonly string[]) => `coalesce(${owners.join(', ')})`

const BY_PROJECT = project('t.project_id')
const BY_ORGANIZATION = 't.organization_id'
const BY_PROJECT_OR_NAMESPACE = firstOf(BY_PROJECT, namespace('t.namespace_id'))
const BY_ANY_OF_THREE = firstOf(BY_PROJECT, namespace('t.namespace_id'), BY_ORGANIZATION)
const NOBODY = 'NULL'

export const ORACLE_TABLES: readonly OracleTable[] = [
  { table: 'schema_migrations', owner: NOBODY },
  { table: 'feature_gates', owner: NOBODY },
  { table: 'deleted_records', owner: NOBODY },
  { table: 'plans', owner: NOBODY },
  { table: 'shards', owner: NOBODY },
  { table: 'topics', owner: NOBODY },
  { table: 'users', owner: NOBODY },
  { table: 'emails', owner: NOBODY },
  { table: 'organizations', owner: 't.id' },
  { table: 'organization_users', owner: BY_ORGANIZATION },
  { table: 'verified_domains', owner: BY_ORGANIZATION },
  { table: 'namespaces', owner: BY_ORGANIZATION },
  { table: 'namespace_settings', owner: namespace('t.namespace_id') },
  { table: 'member_roles', owner: BY_ORGANIZATION },
  { table: 'member_role_permissions', owner: '(SELECT r.organization_id FROM public.member_roles r WHERE r.id = t.member_role_id)' },
  { table: 'subscriptions', owner: namespace('t.namespace_id'), instead: { plan_id: '(SELECT x.name FROM public.plans x WHERE x.id = t.plan_id)' } },
  { table: 'UserSession', owner: 't."organizationId"' },
  {
    table: 'projects',
    owner: BY_ORGANIZATION,
    instead: {
      shard_id: '(SELECT x.name FROM public.shards x WHERE x.id = t.shard_id)',
      repository_storage: `regexp_replace(t.repository_storage, '^cell-[0-9]+-', '')`,
    },
  },
  { table: 'project_settings', owner: BY_PROJECT, omit: ['cache_location'] },
  { table: 'project_statistics', owner: BY_PROJECT },
  { table: 'project_topics', owner: BY_PROJECT, instead: { topic_id: '(SELECT lower(x.name::text) FROM public.topics x WHERE x.id = t.topic_id)' } },
  { table: 'members', owner: BY_PROJECT_OR_NAMESPACE },
  { table: 'feature_flags', owner: BY_PROJECT },
  { table: 'releases', owner: BY_PROJECT },
  { table: 'release_links', owner: '(SELECT p.organization_id FROM public.releases r JOIN public.projects p ON p.id = r.project_id WHERE r.id = t.release_id)' },
  { table: 'wiki_pages', owner: BY_PROJECT_OR_NAMESPACE },
  { table: 'snippets', owner: firstOf(BY_PROJECT, BY_ORGANIZATION) },
  { table: 'milestones', owner: BY_ANY_OF_THREE },
  { table: 'labels', owner: BY_ANY_OF_THREE },
  { table: 'issues', owner: BY_PROJECT },
  { table: 'issue_assignees', owner: issue('t.issue_id') },
  { table: 'issue_links', owner: issue('t.target_id') },
  { table: 'label_links', owner: issue('t.issue_id') },
  { table: 'notes', owner: BY_ANY_OF_THREE },
  {
    table: 'award_emoji',
    owner: `(SELECT ${firstOf(project('o.project_id'), namespace('o.namespace_id'), 'o.organization_id')} FROM public.notes o WHERE o.id = t.note_id)`,
  },
  { table: 'boards', owner: BY_PROJECT_OR_NAMESPACE },
  { table: 'board_lists', owner: `(SELECT ${firstOf(project('b.project_id'), namespace('b.namespace_id'))} FROM public.boards b WHERE b.id = t.board_id)` },
  { table: 'todos', owner: BY_PROJECT_OR_NAMESPACE },
  { table: 'merge_requests', owner: project('t.target_project_id') },
  { table: 'merge_request_diffs', owner: mergeRequest('t.merge_request_id') },
  { table: 'merge_request_diff_files', owner: diff('t.merge_request_diff_id') },
  { table: 'diff_annotations', owner: diff('t.merge_request_diff_id') },
  { table: 'approvals', owner: mergeRequest('t.merge_request_id') },
  { table: 'ci_pipelines', owner: BY_PROJECT },
  { table: 'ci_jobs', owner: BY_PROJECT },
  { table: 'ci_job_artifacts', owner: '(SELECT p.organization_id FROM public.ci_jobs j JOIN public.projects p ON p.id = j.project_id WHERE j.id = t.job_id AND j.partition_id = t.partition_id)' },
  { table: 'ci_variables', owner: BY_PROJECT },
  { table: 'environments', owner: BY_PROJECT },
  { table: 'deployments', owner: BY_PROJECT },
  { table: 'integrations', owner: BY_ANY_OF_THREE },
  { table: 'web_hooks', owner: BY_PROJECT_OR_NAMESPACE },
  { table: 'access_tokens', owner: BY_ORGANIZATION },
  { table: 'uploads', owner: BY_ANY_OF_THREE },
  { table: 'audit_events', owner: BY_ORGANIZATION },
  { table: 'search_queue', owner: BY_PROJECT },
  { table: 'versions', owner: `CASE t.item_type WHEN 'Issue' THEN ${issue('t.item_id')} WHEN 'MergeRequest' THEN ${mergeRequest('t.item_id')} END` },
]

/** Every column of an owned table that refers to a person, by table. */
export const USER_REFERENCES: readonly (readonly [table: string, column: string])[] = [
  ['organization_users', 'user_id'],
  ['namespaces', 'owner_id'],
  ['UserSession', 'userId'],
  ['projects', 'creator_id'],
  ['members', 'user_id'],
  ['releases', 'author_id'],
  ['snippets', 'author_id'],
  ['issues', 'author_id'],
  ['issue_assignees', 'user_id'],
  ['notes', 'author_id'],
  ['award_emoji', 'user_id'],
  ['todos', 'user_id'],
  ['merge_requests', 'author_id'],
  ['approvals', 'user_id'],
  ['ci_pipelines', 'user_id'],
  ['deployments', 'user_id'],
  ['access_tokens', 'user_id'],
]
