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
//   GET  /organizations/42/count          {"documents": 3}
//   DELETE /organizations/42
import pg from 'pg'
import { answer, option, Refusal } from '../../participants/protocol.mjs'

const BATCH = 500
/** What the index holds of an organization, by key, so that a batch goes on after the last one. */
const DOCUMENTS = `SELECT n.id::text, n.body AS text FROM public.notes AS n JOIN public.projects AS p ON p.id = n.project_id
WHERE p.organization_id::text = $1 AND n.id > $2 ORDER BY n.id LIMIT ${BATCH}`
const COUNT = 'SELECT count(*)::int AS documents FROM public.notes AS n JOIN public.projects AS p ON p.id = n.project_id WHERE p.organization_id::text = $1'

async function index(request, cell, method, path, body) {
  const base = option(request, 'indexes')[cell]
  if (base === undefined) throw new Refusal(`options.indexes has no URL for ${cell}`)
  const response = await fetch(`${base}/organizations/${encodeURIComponent(request.org)}${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }) })
  if (!response.ok && !(method === 'DELETE' && response.status === 404)) throw new Refusal(`the index of ${cell} answered ${response.status}`, { retry: response.status >= 500 })
  return method === 'GET' ? response.json() : null
}

async function withRows(request, cell, work) {
  const name = option(request, 'databases')[cell]
  const url = process.env[name]
  if (url === undefined) throw new Refusal(`the environment variable ${name} is not set`)
  const client = new pg.Client({ connectionString: url, application_name: `search of move ${request.moveId}` })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

async function rebuild(request) {
  // what an earlier attempt left, and what must not be there any more
  await index(request, request.target, 'DELETE', '')
  return withRows(request, request.target, async (client) => {
    let last = '0'
    for (;;) {
      const { rows } = await client.query(DOCUMENTS, [request.org, last])
      if (rows.length === 0) break
      await index(request, request.target, 'PUT', '/documents', rows)
      last = rows.at(-1).id
    }
    const [{ documents: wanted }] = (await client.query(COUNT, [request.org])).rows
    const { documents } = await index(request, request.target, 'GET', '/count')
    return { equal: documents === wanted, facts: { documents }, ...(documents === wanted ? {} : { message: `${documents} documents of ${wanted}` }) }
  })
}

await answer({
  check: async (request) => {
    await index(request, request.target, 'GET', '/count')
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
