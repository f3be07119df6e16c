import type { Client } from 'pg'

export interface Write {
  readonly table: string
  readonly op: 'insert' | 'update' | 'delete'
  /** Primary key by column, as text. */
  readonly key: Readonly<Record<string, string>>
}

/** What a writer works with: parents that exist, and the rows that it made itself and may delete again. */
export interface Ground {
  readonly org: string
  readonly projects: readonly string[]
  readonly environments: readonly string[]
  readonly user: string
  readonly notes: string[]
  readonly todos: string[]
}

type Operation = (client: Client, ground: Ground, turn: number) => Promise<readonly Write[]>

/** One small transaction each, as an application writes; the caller begins and commits. An empty list: there was nothing to do. */
export const OPERATIONS: readonly Operation[] = [
  async function insertNote(client, ground, turn) {
    const id = await idOf(client, 'INSERT INTO notes (project_id, author_id, note) VALUES ($1, $2, $3) RETURNING id', [pick(ground.projects, turn), ground.user, `note ${turn}`])
    ground.notes.push(id)
    return [{ table: 'notes', op: 'insert', key: { id } }]
  },
  // fires the trigger that fills search_queue
  async function insertIssue(client, ground, turn) {
    const project = pick(ground.projects, turn)
    const id = await idOf(
      client,
      `INSERT INTO issues (project_id, iid, author_id, title) SELECT $1, coalesce(max(iid), 0) + 1, $2, $3 FROM issues WHERE project_id = $1 RETURNING id`,
      [project, ground.user, `issue ${turn}`],
    )
    return [{ table: 'issues', op: 'insert', key: { id } }]
  },
  async function updateIssue(client, ground, turn) {
    return await writes(client, 'issues', 'update', `UPDATE issues SET description = $2 WHERE id = (SELECT min(id) FROM issues WHERE project_id = $1) RETURNING id`, [pick(ground.projects, turn), `edited in turn ${turn}`])
  },
  async function insertTodo(client, ground, turn) {
    const id = await idOf(client, 'INSERT INTO todos (user_id, project_id, action) VALUES ($1, $2, 1) RETURNING id', [ground.user, pick(ground.projects, turn)])
    ground.todos.push(id)
    return [{ table: 'todos', op: 'insert', key: { id } }]
  },
  // two tables of a foreign-key cycle, one of them partitioned, whose id a trigger gives
  async function runPipeline(client, ground, turn) {
    const partition = String(100 + (turn % 3))
    const project = pick(ground.projects, turn)
    const pipeline = await idOf(client, `INSERT INTO ci_pipelines (partition_id, project_id, sha) VALUES ($1, $2, substr(sha256('x'), 1, 20)) RETURNING id`, [partition, project])
    const job = await idOf(client, `INSERT INTO ci_jobs (partition_id, project_id, pipeline_id, name) VALUES ($1, $2, $3, 'build') RETURNING id`, [partition, project, pipeline])
    await client.query('UPDATE ci_pipelines SET last_job_id = $2 WHERE id = $1', [pipeline, job])
    return [
      { table: 'ci_pipelines', op: 'insert', key: { id: pipeline } },
      { table: 'ci_jobs', op: 'insert', key: { id: job, partition_id: partition } },
    ]
  },
  // leaves the key column to a BEFORE trigger
  async function deploy(client, ground, turn) {
    const id = await idOf(client, 'INSERT INTO deployments (environment_id, user_id) VALUES ($1, $2) RETURNING id', [pick(ground.environments, turn), ground.user])
    return [{ table: 'deployments', op: 'insert', key: { id } }]
  },
  // a derived table, and a deferrable unique constraint
  async function swapBoardLists(client, ground) {
    return await writes(
      client,
      'board_lists',
      'update',
      `UPDATE board_lists SET position = CASE position WHEN 0 THEN 1 WHEN 1 THEN 0 ELSE position END
       WHERE board_id = (SELECT min(id) FROM boards WHERE project_id = ANY($1::bigint[])) RETURNING id`,
      [ground.projects],
    )
  },
  async function audit(client, ground) {
    const result = await client.query<{ id: string; created_at: string }>(
      `INSERT INTO audit_events (created_at, organization_id, details) VALUES (clock_timestamp(), $1, '{"change": "name"}') RETURNING id, created_at::text`,
      [ground.org],
    )
    return result.rows.map((key) => ({ table: 'audit_events', op: 'insert', key }))
  },
  async function editOrganization(client, ground, turn) {
    return await writes(client, 'organizations', 'update', `UPDATE organizations SET settings = jsonb_set(settings, '{turn}', to_jsonb($2::int)) WHERE id = $1 RETURNING id`, [ground.org, turn])
  },
  async function deleteNote(client, ground) {
    return await deleteOwn(client, 'notes', ground.notes)
  },
  async function deleteTodo(client, ground) {
    return await deleteOwn(client, 'todos', ground.todos)
  },
]

/** The oldest row that this writer made; some are left standing. A row whose deletion failed is left alone from then on. */
async function deleteOwn(client: Client, table: 'notes' | 'todos', ids: string[]): Promise<readonly Write[]> {
  const id = ids.length > 3 ? ids.shift() : undefined
  return id === undefined ? [] : await writes(client, table, 'delete', `DELETE FROM ${table} WHERE id = $1 RETURNING id`, [id])
}

async function writes(client: Client, table: string, op: Write['op'], sql: string, params: readonly unknown[]): Promise<readonly Write[]> {
  const result = await client.query<{ id: string }>(sql, [...params])
  return result.rows.map(({ id }) => ({ table, op, key: { id: String(id) } }))
}

async function idOf(client: Client, sql: string, params: readonly unknown[]): Promise<string> {
  const result = await client.query<{ id: string }>(sql, [...params])
  const [row] = result.rows
  if (row === undefined) throw new Error(`no row came back from: ${sql}`)
  return String(row.id)
}

function pick(ids: readonly string[], turn: number): string {
  const id = ids[turn % ids.length]
  if (id === undefined) throw new Error('the organization has no project or environment to write to')
  return id
}
