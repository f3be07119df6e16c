import { execFileSync, spawnSync } from 'node:child_process'
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Session } from '../../src/postgres/session.js'
import type { Cluster } from '../../src/sandbox/cluster.js'
import { unprivilegedUser } from '../../src/sandbox/unprivileged-user.js'
import { startTestCluster } from '../support/test-cluster.js'

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
const isLocal = process.env['ORG_MOVER_TEST_PG'] !== 'docker'
const PASSWORD = 'never-to-be-shown'

/** A certificate for `localhost`, made by an authority of the test's own; and an authority that nobody trusts. */
describe.skipIf(!hasOpenssl || !isLocal)('TLS with verify-full', () => {
  let folder: string
  let cluster: Cluster
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'org-mover-tls-'))
    const openssl = (...args: readonly string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' })
    for (const name of ['ca', 'stranger']) openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.crt`)
    openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', 'server.key', '-out', 'server.csr')
    openssl('x509', '-req', '-in', 'server.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-copy_extensions', 'copy', '-out', 'server.crt')
    await chmod(folder, 0o755)
    await chmod(join(folder, 'server.key'), 0o600)
    const runAs = await unprivilegedUser()
    if (runAs !== null) await chown(join(folder, 'server.key'), runAs.uid, runAs.gid)
    cluster = await startTestCluster({ settings: { ssl: 'on', ssl_cert_file: join(folder, 'server.crt'), ssl_key_file: join(folder, 'server.key') } })
  })
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  const open = async ({ host = 'localhost', authority = 'ca', password }: { readonly host?: string; readonly authority?: string; readonly password?: string }): Promise<Session> => {
    const url = new URL(cluster.url())
    url.hostname = host
    if (password !== undefined) url.password = password
    url.search = `sslmode=verify-full&sslrootcert=${encodeURIComponent(join(folder, `${authority}.crt`))}`
    return Session.open({ url: url.href, role: 'read', label: 'cell-a/main', applicationName: 'org-mover', lockTimeoutMs: 2_000 })
  }

  test('a server that shows a certificate for its name by a trusted authority is connected to, encrypted', async () => {
    await using session = await open({})
    expect(await session.one('SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()')).toEqual({ ssl: true })
  })

  test.each([
    ['another host name', { host: '127.0.0.1' }],
    ['an authority that is not trusted', { authority: 'stranger' }],
  ])('%s is refused, and says so', async (_, options) => {
    const refused: unknown = await open({ ...options, password: PASSWORD }).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'OM3010', retry: 'after-fix', message: expect.stringMatching(/^cell-a\/main: no trusted TLS connection: /), hint: expect.stringContaining('sslrootcert') })
  })

  test('a server without TLS is refused where the URL asks for it', async () => {
    await using plain = await startTestCluster()
    const url = new URL(plain.url())
    url.search = 'sslmode=verify-full'
    await expect(Session.open({ url: url.href, role: 'read', label: 'cell-a/main', applicationName: 'org-mover', lockTimeoutMs: 2_000 })).rejects.toMatchObject({ code: 'OM3010', message: expect.stringContaining('no trusted TLS connection') })
  })

  test('a password that is wrong shows nowhere in the error (P8)', async () => {
    for (const options of [{}, { host: '127.0.0.1' }, { authority: 'stranger' }]) {
      const refused: unknown = await open({ ...options, password: PASSWORD }).catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(Error)
      const { message, stack, hint, context } = { message: '', stack: '', hint: '', context: {}, ...(refused instanceof Error ? { message: refused.message, stack: refused.stack ?? '', hint: Reflect.get(refused, 'hint'), context: Reflect.get(refused, 'context') } : {}) }
      expect(JSON.stringify({ message, stack, hint, context })).not.toContain(PASSWORD)
    }
  })
})
