import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { isSameKey, readKeyring } from '../../../src/secrets/keyring.js'
import { until } from '../../support/until.js'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'org-mover-keyring-'))
})
afterEach(async () => rm(folder, { recursive: true, force: true }))

async function keyring(text: string, options: { readonly mode?: number; readonly environment?: Readonly<Record<string, string>> } = {}): ReturnType<typeof readKeyring> {
  const file = join(folder, 'keys.yaml')
  await writeFile(file, text)
  await chmod(file, options.mode ?? 0o600)
  return readKeyring({ file, environment: options.environment ?? {} })
}

describe('a keyring', () => {
  test('has its keys in the file, the environment, or what a command prints; parts of a key as well', async () => {
    const found = await keyring(
      `keys:
        app: {current: k2, versions: {k1: "c2VjcmV0", k2: "env:APP_KEY", k3: "command:printf 'dG9sZA=='"}}
        rails: {current: v1, versions: {v1: {primary_key: "env:APP_KEY", digest: sha1}}}`,
      { environment: { APP_KEY: 'a2V5' } },
    )
    expect([...(found.get('app')?.versions ?? [])]).toEqual([['k1', 'c2VjcmV0'], ['k2', 'a2V5'], ['k3', 'dG9sZA==']])
    expect([...(found.get('rails')?.versions ?? [])]).toEqual([['v1', { primary_key: 'a2V5', digest: 'sha1' }]])
  })

  test.each([
    ['is readable by others than its owner', `keys: {}`, { mode: 0o640 }, /mode is 640/],
    ['is no YAML', 'keys: {app: [', {}, /cannot be read as YAML|not of the form/],
    ['is of another form', 'keys: {app: {current: k1}}', {}, /not of the form/],
    ['lacks its current version', 'keys: {app: {current: k9, versions: {k1: "c2VjcmV0"}}}', {}, /current version of key app/],
    ['names a variable that is not set', 'keys: {app: {current: k1, versions: {k1: "env:NOWHERE"}}}', {}, /NOWHERE is not set/],
    ['names a command that fails', `keys: {app: {current: k1, versions: {k1: "command:echo c2VjcmV0; exit 1"}}}`, {}, /command failed/],
    ['names a service that it does not have', 'keys: {app: {current: k1, versions: {k1: "etcd:app/k1"}}}', {}, /names no service/],
    ['names a service that is not there', 'service: {etcd: "http://127.0.0.1:1"}\nkeys: {app: {current: k1, versions: {k1: "etcd:app/k1"}}}', {}, /cannot be reached/],
  ])('that %s is refused without a byte of a key', async (_, text, options, message) => {
    const failure: unknown = await keyring(text, options).then(() => null, (error: unknown) => error)
    expect(failure).toMatchObject({ code: 'OM1001', message: expect.stringMatching(message) })
    expect(String(failure) + JSON.stringify(failure)).not.toContain('c2VjcmV0')
  })

  test('that is not there is refused', async () => {
    await expect(readKeyring({ file: join(folder, 'none.yaml'), environment: {} })).rejects.toMatchObject({ code: 'OM1001' })
  })

  test('two keys are the same where the one reads all that the other wrote', () => {
    const key = (versions: Record<string, string>) => ({ current: 'k1', versions: new Map(Object.entries(versions)) })
    expect(isSameKey(key({ k1: 'a' }), key({ k1: 'a', k2: 'b' }))).toBe(true)
    expect(isSameKey(key({ k1: 'a', k2: 'b' }), key({ k1: 'a' }))).toBe(false)
    expect(isSameKey(key({ k1: 'a' }), key({ k1: 'b' }))).toBe(false)
  })
})

/** What a key service says, without one: the form of its answers is that of etcd 3.4, recorded. */
async function service(answers: Readonly<Record<string, unknown>>): Promise<{ readonly url: string; readonly asked: readonly { readonly path: string; readonly body: unknown; readonly authorization: string | undefined }[] } & AsyncDisposable> {
  const asked: { path: string; body: unknown; authorization: string | undefined }[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const path = request.url ?? ''
      asked.push({ path, body: JSON.parse(Buffer.concat(parts).toString()), authorization: request.headers.authorization })
      response.writeHead(path in answers ? 200 : 401).end(JSON.stringify(answers[path] ?? { error: 'c2VjcmV0' }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { url: `http://127.0.0.1:${address.port}`, asked, [Symbol.asyncDispose]: async () => void server.close() }
}

describe('a key service', () => {
  const keys = (url: string): string => `service: {etcd: "${url}", user: mover, password: "env:PASSWORD"}\nkeys: {app: {current: k1, versions: {k1: "etcd:keys/app/k1"}}}`

  test('is logged in to and asked for the key', async () => {
    await using etcd = await service({ '/v3/auth/authenticate': { header: {}, token: 'T' }, '/v3/kv/range': { header: {}, kvs: [{ key: 'a2V5', value: Buffer.from('a2V5\n').toString('base64'), mod_revision: '4' }], count: '1' } })
    const found = await keyring(keys(etcd.url), { environment: { PASSWORD: 'pw' } })
    expect(found.get('app')?.versions.get('k1')).toBe('a2V5')
    expect(etcd.asked).toEqual([
      { path: '/v3/auth/authenticate', body: { name: 'mover', password: 'pw' }, authorization: undefined },
      { path: '/v3/kv/range', body: { key: Buffer.from('keys/app/k1').toString('base64') }, authorization: 'T' },
    ])
  })

  test.each([
    ['refuses', {}, /status 401/],
    ['has no such key', { '/v3/auth/authenticate': { token: 'T' }, '/v3/kv/range': { header: {} } }, /has no key keys\/app\/k1/],
    ['answers in another form', { '/v3/auth/authenticate': { token: 'T' }, '/v3/kv/range': { kvs: 'c2VjcmV0' } }, /its source \(etcd\) failed/],
  ])('that %s is told so, without what it said', async (_, answers, message) => {
    await using etcd = await service(answers)
    const failure: unknown = await keyring(keys(etcd.url), { environment: { PASSWORD: 'pw' } }).then(() => null, (error: unknown) => error)
    expect(failure).toMatchObject({ code: 'OM1001', message: expect.stringMatching(message) })
    expect(String(failure) + JSON.stringify(failure)).not.toContain('c2VjcmV0')
  })

  // the server is not among this project's packages: Debian's etcd-server has it
  test.runIf(process.env['ORG_MOVER_TEST_ETCD'] !== undefined)('of the real kind, with and without a login', async () => {
    const port = 20_000 + (process.pid % 10_000)
    const url = `http://127.0.0.1:${port}`
    const peer = `http://127.0.0.1:${port + 1}`
    const etcd = spawn(process.env['ORG_MOVER_TEST_ETCD'] ?? 'etcd', ['--data-dir', join(folder, 'data'), '--listen-client-urls', url, '--advertise-client-urls', url, '--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `default=${peer}`], { stdio: 'ignore' })
    const call = async (path: string, body: unknown): Promise<unknown> => (await fetch(`${url}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) })).json()
    const text = (value: string): string => Buffer.from(value).toString('base64')
    try {
      await until('etcd answers', async () => fetch(`${url}/health`).then((response) => response.ok, () => false))
      await call('kv/put', { key: text('keys/app/k1'), value: text('a2V5') })
      const open = `service: {etcd: "${url}"}\nkeys: {app: {current: k1, versions: {k1: "etcd:keys/app/k1"}}}`
      expect((await keyring(open)).get('app')?.versions.get('k1')).toBe('a2V5')
      await call('auth/user/add', { name: 'root', password: 'r' })
      await call('auth/user/grant', { user: 'root', role: 'root' })
      await call('auth/role/add', { name: 'reader' })
      await call('auth/role/grant', { name: 'reader', perm: { permType: 'READ', key: text('keys/'), range_end: text('keys0') } })
      await call('auth/user/add', { name: 'mover', password: 'pw' })
      await call('auth/user/grant', { user: 'mover', role: 'reader' })
      await call('auth/enable', {})
      await expect(keyring(open)).rejects.toMatchObject({ code: 'OM1001' })
      expect((await keyring(keys(url), { environment: { PASSWORD: 'pw' } })).get('app')?.versions.get('k1')).toBe('a2V5')
      await expect(keyring(keys(url), { environment: { PASSWORD: 'wrong' } })).rejects.toMatchObject({ code: 'OM1001', message: expect.stringMatching(/status 400/) })
      await expect(keyring(keys(url).replace('keys/app/k1"', 'keys/app/none"'), { environment: { PASSWORD: 'pw' } })).rejects.toMatchObject({ code: 'OM1001', message: expect.stringMatching(/has no key/) })
    } finally {
      etcd.kill('SIGKILL')
    }
  })
})
