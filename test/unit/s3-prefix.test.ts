import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { S3Server } from '../support/outside/s3-server.js'

const SCRIPT = fileURLToPath(new URL('../../participants/s3-prefix.mjs', import.meta.url))
const CREDENTIALS = { keyId: 'AKIATEST', secret: 'an/odd+secret=' }
const ORG = '1'
const PREFIX = `organizations/${ORG}/`
const MOVE = '01900000-0000-7000-8000-000000000000'
const MARK = `.org-mover/${MOVE}`
const LARGE = 40 * 2 ** 20

const ODD = ['a b+c%20d.txt', 'ü/日本語/🦊', 'q?x=1&y=2#z', `quotes'"<&>;`, 'a//b', 'a/../b', './c', 'folder/', '\u0001\u001f control', 'new\nline\r', '~*()!$@,:=', 'nbsp\u00a0\u2028', '\ufb01 & \ufffd']

interface Stores extends AsyncDisposable {
  readonly a: S3Server
  readonly b: S3Server
  ask(verb: string, more?: { readonly run?: number; readonly secret?: string }): Promise<{ readonly exit: number | null; readonly said: Readonly<Record<string, unknown>> | null; readonly stderr: string }>
}

async function stores(): Promise<Stores> {
  const [a, b] = [await S3Server.start(CREDENTIALS), await S3Server.start(CREDENTIALS)]
  const store = ({ endpoint, bucket }: S3Server) => ({ bucket, endpoint, path_style: true, access_key: 'TEST_KEY_ID', secret_key: 'TEST_SECRET' })
  return {
    a,
    b,
    async ask(verb, { run = 1, secret = CREDENTIALS.secret } = {}) {
      const child = spawn(process.execPath, [SCRIPT], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, TEST_KEY_ID: CREDENTIALS.keyId, TEST_SECRET: secret } })
      const request = { protocol: 1, participant: 'files', verb, moveId: MOVE, epoch: 1, org: ORG, source: 'cell-a', target: 'cell-b', idempotencyKey: `${MOVE}/files/${verb}/${run}`, run, attempt: 1, options: { prefix: 'organizations/{org}/', jobs: 16, stores: { 'cell-a': store(a), 'cell-b': store(b) } } }
      child.stdin.end(JSON.stringify(request))
      const exited = new Promise<number | null>((resolve) => {
        child.once('exit', resolve)
      })
      const [said, stderr, exit] = await Promise.all([text(child.stdout), text(child.stderr), exited])
      return { exit, said: said === '' ? null : JSON.parse(said), stderr }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([a, b].map((server) => server[Symbol.asyncDispose]()))
    },
  }
}

const own = ({ objects }: S3Server) => [...objects].filter(([key]) => key.startsWith(PREFIX)).map(([key, { body, headers }]) => [key, body.toString('base64url').slice(0, 40), body.length, headers]).sort(([x], [y]) => (String(x) < String(y) ? -1 : 1))

describe('objects below a prefix, against a server that checks every signature', { timeout: 120_000 }, () => {
  test('are listed by pages, and deleted on the source by as many calls as it takes: 1,105 of them, of which most were copied before', async () => {
    await using made = await stores()
    const { a, b, ask } = made
    a.put(`${PREFIX}first`, 'first')
    expect((await ask('replicate')).said).toMatchObject({ ok: true, facts: { objects: 1 } })
    // as if copied then: the target's are younger
    for (const server of [a, b]) for (let n = 0; n < 1_100; n += 1) server.put(`${PREFIX}many/${n}`, String(n))
    for (const object of b.objects.values()) Object.assign(object, { at: Date.now() + 60_000 })
    for (const name of ['zz 1', 'zz 2', 'zz 3', 'zz 4']) a.put(`${PREFIX}${name}`, name)
    a.put(`organizations/${ORG}0/neighbour`, 'stays')
    expect((await ask('final_sync')).said).toMatchObject({ ok: true, facts: { objects: 4, deleted: 0 } })
    expect(own(b)).toEqual(own(a))
    expect((await ask('purge')).said).toMatchObject({ ok: true })
    expect([...a.objects.keys()]).toEqual([`organizations/${ORG}0/neighbour`])
    expect(a.seen.filter(({ operation }) => operation === 'DeleteMany')).toHaveLength(2)
  })

  test('keep the oddest keys, content headers and metadata; no signature is turned away', async () => {
    await using made = await stores()
    const { a, b, ask } = made
    for (const name of ODD) a.put(`${PREFIX}${name}`, name, { 'content-type': 'text/x-odd', 'content-disposition': 'attachment', 'x-amz-meta-owner': 'ann' })
    expect((await ask('check')).said).toMatchObject({ ok: true, facts: { objects: ODD.length } })
    expect((await ask('replicate')).said).toMatchObject({ ok: true, facts: { objects: ODD.length } })
    expect(own(b)).toEqual(own(a))
    expect((await ask('lag')).said).toMatchObject({ ok: true, lag: 0 })
    expect((await ask('verify')).said).toMatchObject({ ok: true, equal: true, facts: { objects: ODD.length } })
    expect((await ask('purge')).said).toMatchObject({ ok: true })
    expect((await ask('purge_tracking')).said).toMatchObject({ ok: true })
    expect([[...a.objects.keys()], own(b).length, b.objects.has(MARK)]).toEqual([[], ODD.length, false])
    expect([a.refused, b.refused]).toEqual([[], []])
  })

  test('are taken back by abort, and on the target of another move nothing is', async () => {
    await using made = await stores()
    const { a, b, ask } = made
    for (const name of ODD) a.put(`${PREFIX}${name}`, name)
    b.put(`${PREFIX}precious`, 'not ours')
    expect((await ask('check')).said).toMatchObject({ ok: false, message: expect.stringContaining('already') })
    expect((await ask('abort')).said).toMatchObject({ ok: true })
    expect([...b.objects.keys()]).toEqual([`${PREFIX}precious`])
    b.objects.clear()
    expect((await ask('replicate')).said).toMatchObject({ ok: true })
    expect((await ask('abort')).said).toMatchObject({ ok: true })
    expect([...b.objects.keys()]).toEqual([])
  })

  test('that are overwritten or deleted while they are copied wait for the next reading', async () => {
    await using made = await stores()
    const { a, b, ask } = made
    for (const name of ['overwritten', 'deleted', 'quiet']) a.put(`${PREFIX}${name}`, 'first')
    a.put(`${PREFIX}large`, Buffer.alloc(LARGE, 'large'))
    let parts = 0
    a.before = ({ operation, key }) => {
      // between the look at an object and the reading of its contents
      if (operation !== 'Get') return null
      if (key.endsWith('overwritten') && a.objects.get(key)?.body.length === 5) a.put(key, 'second, and longer')
      if (key.endsWith('deleted')) a.objects.delete(key)
      if (key.endsWith('large') && (parts += 1) === 2) a.put(key, Buffer.alloc(LARGE, 'other'))
      return null
    }
    expect((await ask('replicate')).said).toMatchObject({ ok: true })
    expect(own(b).map(([key]) => key)).toEqual([`${PREFIX}quiet`])
    expect(b.openUploads).toBe(0)
    expect((await ask('lag')).said).toMatchObject({ ok: true, lag: 2 })
    expect((await ask('lag')).said).toMatchObject({ ok: true, lag: 0 })
    expect(own(b)).toEqual(own(a))
  })

  test('that vanish while they are compared are differences, not a failure', async () => {
    await using made = await stores()
    const { a, b, ask } = made
    for (const name of ['gone here', 'gone there', 'quiet']) a.put(`${PREFIX}${name}`, name)
    await ask('replicate')
    for (const [server, name] of [[a, 'gone here'], [b, 'gone there']] as const) {
      server.before = ({ operation, key }) => {
        if (operation === 'Head' && key.endsWith(name)) server.objects.delete(key)
        return null
      }
    }
    const { said } = await ask('verify')
    expect(said).toMatchObject({ ok: true, equal: false, message: expect.stringContaining('2 object(s) differ') })
    for (const server of [a, b]) server.before = () => null
    expect((await ask('final_sync', { run: 2 })).said).toMatchObject({ ok: true })
    expect((await ask('verify')).said).toMatchObject({ ok: true, equal: true, facts: { objects: 2 } })
  })

  test('are gone already where they are to be deleted: that is no failure', async () => {
    await using made = await stores()
    const { a, ask } = made
    for (const name of ['one', 'two']) a.put(`${PREFIX}${name}`, name)
    await ask('replicate')
    a.before = ({ operation }) => {
      if (operation === 'DeleteMany') a.objects.delete(`${PREFIX}one`)
      return null
    }
    expect((await ask('purge')).said).toMatchObject({ ok: true })
    expect([...a.objects.keys()]).toEqual([])
  })

  test('of a store that is overloaded or away may be asked for again; of one that turns the key away, not', async () => {
    await using made = await stores()
    const { a, ask } = made
    a.put(`${PREFIX}one`, 'one')
    a.before = () => 503
    expect((await ask('check')).said).toMatchObject({ ok: false, retry: true, message: expect.stringContaining('503') })
    a.before = () => null
    const wrong = await ask('check', { secret: 'another' })
    expect([wrong.exit, wrong.stderr]).toEqual([1, expect.stringContaining('HTTP status 403')])
    expect(new Set([...a.refused, ...made.b.refused])).toEqual(new Set(['SignatureDoesNotMatch']))
    await a[Symbol.asyncDispose]()
    expect((await ask('check')).said).toMatchObject({ ok: false, retry: true })
  })
})
