// A guard for the applications of a cell: whoever routes a request sends the organization and the epoch that the routing service answered, and a
// request whose epoch is older than what this cell knows, or that belongs to another cell, is turned away with the place where to go. For
// node:http, Express and the like: `if (!(await guard(request, response))) return`.

const ORGANIZATION = 'x-organization'
const EPOCH = 'x-organization-epoch'

/**
 * `lookUp(org)` asks the routing service and yields {cell, epoch} or null. What it said is kept for `keptMs`; a request that knows of a newer epoch
 * than is kept is reason to ask again at once, so that after a flip the new cell serves without waiting and the old one stops at the first request
 * that has heard of it.
 */
export function staleEpochGuard({ cell, lookUp, keptMs = 1_000, now = Date.now }) {
  const kept = new Map()

  async function routeOf(org, atLeast) {
    const known = kept.get(org)
    if (known !== undefined && now() - known.at < keptMs && (known.route === null || known.route.epoch >= atLeast)) return known.route
    const route = await lookUp(org)
    kept.delete(org)
    kept.set(org, { route, at: now() })
    if (kept.size > 10_000) kept.delete(kept.keys().next().value)
    return route
  }

  return async function guard(request, response) {
    const org = request.headers[ORGANIZATION]
    const epoch = /^\d{1,15}$/.test(request.headers[EPOCH] ?? '') ? Number(request.headers[EPOCH]) : null
    if (org === undefined || epoch === null) return refuse(response, 400, { error: `${ORGANIZATION} and ${EPOCH} are required` })
    let route
    try {
      route = await routeOf(org, epoch)
    } catch {
      // not to know is no reason to serve: the fence would stop writes, but stale reads would pass
      return refuse(response, 503, { error: 'the routing service does not answer' })
    }
    if (route === null) return refuse(response, 404, { error: 'unknown organization' })
    // 421 Misdirected Request: to be sent again, elsewhere
    if (route.cell !== cell) return refuse(response, 421, { error: 'served elsewhere', organization: org, ...route })
    if (epoch < route.epoch) return refuse(response, 421, { error: 'stale route', organization: org, ...route })
    return true
  }
}

function refuse(response, status, document) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document))
  return false
}

/**
 * What a client of the database does with the fence's error, for as long as the old cell retains the organization: SQLSTATE OM001, and a DETAIL in
 * JSON that says where to go once the route has flipped. Null for other errors, and while the move has not flipped yet: then wait and try again.
 */
export function redirectOf(error) {
  if (error?.code !== 'OM001') return null
  const { org, servedBy, epoch } = JSON.parse(error.detail)
  return servedBy === undefined ? null : { organization: org, cell: servedBy, epoch }
}
