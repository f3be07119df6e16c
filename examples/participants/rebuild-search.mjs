#!/usr/bin/env node
// A participant for a store that is derived from the database (a search index, ClickHouse, a cache): nothing is copied, it is built anew on the
// target. Between the freeze and the flip the rows are all there and nobody writes, so that the index can be complete when the target begins to serve.
//
//   participants:
//     - name: search
//       command: [node, examples/participants/rebuild-search.mjs]
//       verbs: [check, verify, cutover, purge, abort]     # nothing to replicate, no lag; see `verify` below
//       timeouts: {verify: 30m}
//       options: {indexes: {cell-a: "http://search-a:9200", cell-b: "http://search-b:9200"}, databases: {cell-a: CELL_A_URL, cell-b: CELL_B_URL}}
//
// `databases` names variables of the environment: credentials do not belong into a request. The index here is any service with these calls:
//   PUT  /organizations/42/documents      [{id, text}, …] adds or replaces
//   GET  /organizations/42/count          {"documents": 3}, or 404 where it knows none
//   DELETE /organizations/42              404 where there is nothing
import pg from 'pg'
import { answer, option, Refusal } from '../../participants/protocol.mjs'

const BATCH = 500
/** What the index holds of an organization, by key, so that a batch goes on after the last one; the first begins at NULL, whatever sign keys have. */
const DOCUMENTS = `SELECT n.id::text AS id, n.body AS text FROM public.notes AS n JOIN public.projects AS p ON p.id = n.project_id
WHERE p.organization_id::text = $1 AND ($2::bigint IS NULL OR n.id > $2::bigint) ORDER BY n.id LIMIT ${BATCH}`
const COUNT = 'SELECT count(*)::int AS documents FROM public.notes AS n JOIN public.projects AS p ON p.id = n.project_id WHERE p.organization_id::text = $1'

/** Null where the index knows nothing of it. Away or busy is worth another attempt; anything else that is no success is not. */
async function index(request, cell, method, path, body) {
  const base = option(request, 'indexes')[cell]
  if (base === undefined) throw new Refusal(`options.indexes has no URL for ${cell}`)
  const content = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
  const response = await fetch(`${base}/organizations/${encodeURIComponent(request.org)}${path}`, { method, ...content }).catch(() => {
    throw new Refusal(`the index of ${cell} could not be reached`, { retry: true })
  })
  if (method !== 'PUT' && response.status === 404) return null
  if (!response.ok) throw new Refusal(`the index of ${cell} answered ${response.status}`, { retry: response.status >= 500 || response.status === 429 || response.status === 408 })
  return method === 'GET' ? response.json() : null
}

async function countIn(request, cell) {
  return (await index(request, cell, 'GET', '/count'))?.documents ?? 0
}

/** A session that writes nothing. What its server says may hold values, so that it is not repeated. */
async function withRows(request, cell, work) {
  const name = option(request, 'databases')[cell]
  const url = process.env[name]
  if (url === undefined) throw new Refusal(`the environment variable ${name} is not set`)
  const client = new pg.Client({ connectionString: url, application_name: `search of move ${request.moveId}`, options: '-c default_transaction_read_only=on' })
  // without a listener a connection that is lost between two queries would end the process
  client.on('error', () => undefined)
  try {
    await client.connect()
    return await work((text, values) =>
      client.query(text, values).catch((error) => {
        throw unreadable(cell, error)
      }),
    )
  } catch (error) {
    throw error instanceof Refusal ? error : unreadable(cell, error)
  } finally {
    await client.end().catch(() => undefined)
  }
}

function unreadable(cell, error) {
  const code = typeof error?.code === 'string' ? error.code : 'unknown reason'
  // connections lost and servers that start, stop or are full (classes 08, 53, 57) may be well a moment later
  return new Refusal(`the database of ${cell} cannot be read (${code})`, { retry: /^(08|53|57)...$|^E[A-Z]+$/.test(code) })
}

/** Everything anew, then both sides counted: the rows are frozen, so that they are the same in each query. */
async function rebuild(request) {
  return withRows(request, request.target, async (query) => {
    // what an earlier attempt left, and what must not be there any more
    await index(request, request.target, 'DELETE', '')
    for (let last = null; ; ) {
      const { rows } = await query(DOCUMENTS, [request.org, last])
      if (rows.length === 0) break
      await index(request, request.target, 'PUT', '/documents', rows)
      last = rows.at(-1).id
    }
    const [{ documents: wanted }] = (await query(COUNT, [request.org])).rows
    const documents = await countIn(request, request.target)
    return { equal: documents === wanted, facts: { documents }, ...(documents === wanted ? {} : { message: `${documents} documents of ${wanted}` }) }
  })
}

await answer({
  check: async (request) => {
    const documents = await countIn(request, request.target)
    if (documents > 0) throw new Refusal(`the index of ${request.target} has ${documents} document(s) of the organization, which a rebuild and an abort would delete`)
    // the organization has no row there yet: only that tables and columns can be read shows
    await withRows(request, request.target, (query) => query(DOCUMENTS, [request.org, null]))
    return {}
  },
  // `verify` comes when the rows are loaded and verified, which `final_sync` does not: it is the place to build and to count
  verify: rebuild,
  cutover: async () => ({}),
  purge: async (request) => {
    await index(request, request.source, 'DELETE', '')
    return {}
  },
  abort: async (request) => {
    await index(request, request.target, 'DELETE', '')
    return {}
  },
})
