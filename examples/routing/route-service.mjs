#!/usr/bin/env node
// A reference for a service that answers "which cell serves organization X", from the routing table that `org-mover init` makes.
//
//   ROUTES_URL=postgres://… ROUTER_TOKEN=… PORT=8090 node examples/routing/route-service.mjs
//
//   GET /organizations/42     {"organization": "42", "cell": "cell-a", "epoch": 7}; 404 where nothing is known of it
//   POST /router              what `routing: {kind: http}` asks (docs/routing.md), for whoever carries the token
//
// An answer may be kept for a moment, so some requests reach a cell that does not serve the organization any more. That is what the epoch is for:
// pass it on with each request, and let the cell reject one that is too old (stale-epoch-guard.mjs). Whatever slips through is stopped by the fence.
import { timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import pg from 'pg'

const TABLE = 'org_mover.route'
const KEPT_SECONDS = 1
const MOST_BYTES = 65_536

const pool = new pg.Pool({ connectionString: process.env.ROUTES_URL, max: 4 })
// a server that goes away between two requests must not end the process
pool.on('error', (error) => console.error(error.message))

/** Read from the primary: a replica that lags would send writes to the old cell. */
async function routeOf(org) {
  const { rows } = await pool.query(`SELECT cell, epoch FROM ${TABLE} WHERE organization = $1`, [org])
  return rows[0] === undefined ? null : { cell: rows[0].cell, epoch: Number(rows[0].epoch) }
}

/** One statement that compares and swaps: of several at once, one changes the row. */
async function flip({ org, from, to, epoch }) {
  const { rowCount } = await pool.query(`UPDATE ${TABLE} SET cell = $3, epoch = epoch + 1 WHERE organization = $1 AND cell = $2 AND epoch = $4`, [org, from, to, epoch])
  return rowCount === 1
}

const VERBS = {
  read: async ({ org }) => (await routeOf(org)) ?? { cell: null, epoch: null },
  /** Promises nothing that lasts: the commit compares again. */
  prepare: async ({ org, from, epoch }) => {
    const route = await routeOf(org)
    return route?.cell === from && route.epoch === epoch ? route : { ok: false, message: 'the route is another' }
  },
  commit: async (request) => ((await flip(request)) ? {} : { ok: false, message: 'the route is another' }),
  rollback: async () => ({}),
  set: async ({ org, to }) => {
    await pool.query(`INSERT INTO ${TABLE} AS r VALUES ($1, $2, 1) ON CONFLICT (organization) DO UPDATE SET cell = excluded.cell, epoch = r.epoch + 1`, [org, to])
    return {}
  },
}

function mayFlip(request) {
  const [given, wanted] = [request.headers.authorization ?? '', `Bearer ${process.env.ROUTER_TOKEN}`].map((text) => Buffer.from(text))
  return (process.env.ROUTER_TOKEN ?? '') !== '' && given.length === wanted.length && timingSafeEqual(given, wanted)
}

async function bodyOf(request) {
  const chunks = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes > MOST_BYTES) throw Object.assign(new Error('too long'), { status: 413 })
    chunks.push(chunk)
  }
  const question = understood(() => JSON.parse(Buffer.concat(chunks).toString('utf8')))
  if (typeof question !== 'object' || question === null) throw misunderstood()
  return question
}

const misunderstood = () => Object.assign(new Error('a request that cannot be understood'), { status: 400 })

function understood(read) {
  try {
    return read()
  } catch {
    throw misunderstood()
  }
}

async function serve(request, response) {
  const say = (status, document, headers = {}) => response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(document))
  const [, org] = /^\/organizations\/([^/?]+)$/.exec(request.url) ?? []
  if (request.method === 'GET' && org !== undefined) {
    const organization = understood(() => decodeURIComponent(org))
    const route = await routeOf(organization)
    if (route === null) return say(404, { error: 'unknown organization' })
    return say(200, { organization, ...route }, { 'cache-control': `private, max-age=${KEPT_SECONDS}`, etag: `"${route.epoch}"` })
  }
  if (request.method === 'POST' && request.url === '/router') {
    if (!mayFlip(request)) return say(401, { error: 'not allowed' })
    const question = await bodyOf(request)
    const handler = Object.hasOwn(VERBS, question.verb) ? VERBS[question.verb] : null
    return say(200, { verb: question.verb, ok: handler !== null, ...(handler === null ? { message: 'unknown verb' } : await handler(question)) })
  }
  return say(404, { error: 'no such thing' })
}

const server = createServer((request, response) => {
  serve(request, response).catch((error) => {
    console.error(error.message)
    // a flip that failed here may have happened: no answer in the protocol, but a status, and the mover reads the route
    response.writeHead(error.status ?? 500).end()
  })
})
server.listen(Number(process.env.PORT ?? 8090), process.env.HOST ?? '127.0.0.1', () => console.log(`listening on http://${process.env.HOST ?? '127.0.0.1'}:${server.address().port}`))
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close(() => void pool.end())
    server.closeIdleConnections()
  })
}
