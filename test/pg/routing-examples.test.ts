import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { redirectOf, staleEpochGuard } from '../../examples/routing/stale-epoch-guard.mjs'
import { freshDatabase } from '../support/database.js'
import { fencedCells, mainOf } from '../support/fenced-cells.js'
import { ORG, smallCells } from '../support/small-cells.js'

const SERVICE = fileURLToPath(new URL('../../examples/routing/route-service.mjs', import.meta.url))
const TOKEN = 'open-sesame'

async function started(url: string): Promise<{ readonly url: string } & AsyncDisposable> {
  const child = spawn(process.execPath, [SERVICE], { env: { PATH: process.env['PATH'] ?? '', ROUTES_URL: url, ROUTER_TOKEN: TOKEN, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => {
    child.once('exit', resolve)
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const [found] = /http:\S+/.exec(line) ?? []
    if (found === undefined) continue
    return {
      url: found,
      async [Symbol.asyncDispose]() {
        child.kill('SIGTERM')
        await ended
      },
    }
  }
  throw new Error('the service has ended')
}

const ROUTES = 'CREATE SCHEMA org_mover; CREATE TABLE org_mover.route (organization text PRIMARY KEY, cell text NOT NULL, epoch bigint NOT NULL)'

describe('the reference service for routes', () => {
  test('is a router that a whole move goes by, and tells everybody which cell serves (P7)', async () => {
    await using routes = await freshDatabase({ cluster: 'a' })
    await routes.query(`${ROUTES}; INSERT INTO org_mover.route VALUES ('${ORG}', 'cell-a', 7)`)
    await using service = await started(routes.url)
    const ask = async (path: string) => {
      const response = await fetch(`${service.url}${path}`)
      return [response.status, await response.json()]
    }
    expect(await ask(`/organizations/${ORG}`)).toEqual([200, { organization: ORG, cell: 'cell-a', epoch: 7 }])
    expect(await ask('/organizations/nobody')).toEqual([404, { error: 'unknown organization' }])
    await using cells = await smallCells({ config: { routing: { kind: 'http', url: `${service.url}/router`, headers: { authorization: `Bearer ${TOKEN}` }, timeout: '20s' } } })
    const moved = await cells.run((app, io) => app.move({ org: ORG, to: 'cell-b' }, io))
    expect({ exit: moved.exit, state: moved.document?.state }, moved.message).toEqual({ exit: 0, state: 'cut_over' })
    expect(await ask(`/organizations/${ORG}`)).toEqual([200, { organization: ORG, cell: 'cell-b', epoch: 8 }])
  })

  test('flips for nobody without the token, for nobody twice, and sets first routes', async () => {
    await using routes = await freshDatabase({ cluster: 'a' })
    await routes.query(ROUTES)
    await using service = await started(routes.url)
    const ask = async (body: Readonly<Record<string, unknown>>, token = TOKEN) => {
      const response = await fetch(`${service.url}/router`, { method: 'POST', headers: { authorization: `Bearer ${token}` }, body: JSON.stringify({ protocol: 1, org: '42', ...body }) })
      return response.ok ? response.json() : response.status
    }
    expect(await ask({ verb: 'set', to: 'cell-a' }, 'guessed')).toBe(401)
    expect(await ask({ verb: 'read' })).toEqual({ verb: 'read', ok: true, cell: null, epoch: null })
    expect(await ask({ verb: 'set', to: 'cell-a' })).toEqual({ verb: 'set', ok: true })
    const flip = { from: 'cell-a', to: 'cell-b', epoch: 1 }
    const flips = await Promise.all(Array.from({ length: 5 }, () => ask({ verb: 'commit', ...flip })))
    expect(flips.filter((answer) => JSON.stringify(answer) === '{"verb":"commit","ok":true}')).toHaveLength(1)
    expect(await ask({ verb: 'prepare', ...flip })).toEqual({ verb: 'prepare', ok: false, message: 'the route is another' })
    expect(await ask({ verb: 'read' })).toEqual({ verb: 'read', ok: true, cell: 'cell-b', epoch: 2 })
    expect(await ask({ verb: 'explode' })).toMatchObject({ ok: false })
    for (const body of ['no JSON', 'null', '7']) expect((await fetch(`${service.url}/router`, { method: 'POST', headers: { authorization: `Bearer ${TOKEN}` }, body })).status, body).toBe(400)
    expect((await fetch(`${service.url}/organizations/%E0%A4%A`)).status).toBe(400)
  })
})

describe('the guard against stale routes', () => {
  async function guarded(cell: string, lookUp: (org: string) => Promise<{ cell: string; epoch: number } | null>): Promise<{ ask(org: string, epoch: number | string): Promise<readonly unknown[]> } & AsyncDisposable> {
    const guard = staleEpochGuard({ cell, lookUp, keptMs: 60_000 })
    const server = createServer((request: IncomingMessage, response: ServerResponse) => {
      void (async () => {
        if (await guard(request, response)) response.end('"served"')
      })()
    })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    return {
      async ask(org, epoch) {
        const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { headers: { 'x-organization': org, 'x-organization-epoch': String(epoch) } })
        return [response.status, await response.json()]
      },
      async [Symbol.asyncDispose]() {
        server.closeAllConnections()
        await new Promise((resolve) => {
          server.close(resolve)
        })
      },
    }
  }

  test('turns away what is stale or served elsewhere, with the place to go, and asks again when a request knows more', async () => {
    let route: { cell: string; epoch: number } | null = { cell: 'cell-a', epoch: 7 }
    let asked = 0
    const lookUp = async () => {
      asked += 1
      return route
    }
    await using old = await guarded('cell-a', lookUp)
    await using now = await guarded('cell-b', lookUp)
    expect(await old.ask('42', 7)).toEqual([200, 'served'])
    expect(await old.ask('42', 6)).toEqual([421, { error: 'stale route', organization: '42', cell: 'cell-a', epoch: 7 }])
    expect(asked).toBe(1)
    route = { cell: 'cell-b', epoch: 8 }
    // what is kept still says cell-a; a request that heard of epoch 8 is believed to have a reason
    expect(await old.ask('42', 8)).toEqual([421, { error: 'served elsewhere', organization: '42', cell: 'cell-b', epoch: 8 }])
    expect(await now.ask('42', 8)).toEqual([200, 'served'])
    expect(await now.ask('42', 7)).toEqual([421, { error: 'stale route', organization: '42', cell: 'cell-b', epoch: 8 }])
    expect((await now.ask('42', 'x'))[0]).toBe(400)
    route = null
    expect((await now.ask('43', 1))[0]).toBe(404)
  })

  test('does not serve where the routing service is silent', async () => {
    await using guard = await guarded('cell-a', () => Promise.reject(new Error('down')))
    expect((await guard.ask('42', 7))[0]).toBe(503)
  })

  test('reads from the error of the fence where to go', async () => {
    await using cells = await fencedCells()
    const failing = () => mainOf(cells, 'a').query(`UPDATE projects SET title = 'late' WHERE organization_id = 1`).then(() => null, (error: unknown) => error)
    const { moveId } = await cells.app.move({ org: '1', to: 'cell-b', pauseBefore: 'copy' }, cells.io)
    expect(redirectOf(await failing())).toBeNull()
    await cells.app.resume(moveId ?? '', cells.io)
    expect(redirectOf(await failing())).toEqual({ organization: '1', cell: 'cell-b', epoch: 2 })
    expect(redirectOf(new Error('something else'))).toBeNull()
  })
})
