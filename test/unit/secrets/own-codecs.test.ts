import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { describe, expect, test } from 'vitest'
import { tryCodec } from '../../../src/secrets/codec-test-kit.js'
import { loadCodecs } from '../../../src/secrets/load-codecs.js'
import { wrapOwnCodec } from '../../../src/secrets/own-codec.js'
import type { OwnCodec } from '../../../src/secrets/own-codec.js'
import { codecContext, namedKey, seal } from '../../support/codec-context.js'

const example = (name: string): string => fileURLToPath(new URL(`../../../examples/${name}`, import.meta.url))
const key = (byte: number): string => Buffer.alloc(32, byte).toString('base64')

async function ownCodec(name: string): Promise<OwnCodec> {
  const module = (await import(pathToFileURL(example(name)).href)) as { readonly default: OwnCodec }
  return module.default
}

async function loading(modules: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'org-mover-codecs-'))
  try {
    for (const [name, text] of Object.entries(modules)) await writeFile(join(folder, name), text)
    const thrown: unknown = await loadCodecs([...Object.keys(modules), ...(Object.keys(modules).length === 0 ? ['absent.mjs'] : [])].map((name) => join(folder, name))).then(
      () => null,
      (error: unknown) => error,
    )
    expect(thrown).toMatchObject({ code: 'OM1001', retry: 'after-fix' })
    return (thrown as Error).message
  } finally {
    await rm(folder, { recursive: true })
  }
}

const SHAPE = 'decrypt() {}, encrypt() {}'

describe('modules of one\'s own', () => {
  test('the examples hold what a move needs of a codec', async () => {
    const keys = { source: { a: key(1), b: key(2) }, target: { c: key(3) } }
    expect(await tryCodec(await ownCodec('codec-template.mjs'), { ...keys, clear: ['', 'plain words'] })).toEqual([])
    const nonce = Buffer.alloc(24, 9)
    const stored = Buffer.concat([Buffer.of(0xa1), nonce, xchacha20poly1305(Buffer.alloc(32, 1), nonce, Buffer.of(0xa1)).encrypt(Buffer.from('theirs'))])
    expect(await tryCodec(await ownCodec('codecs/xchacha20.mjs'), { ...keys, clear: [Buffer.from('plain'), 'text'], vectors: [{ stored, plaintext: 'theirs' }] })).toEqual([])
  })

  test('the kit finds what a codec does wrong', async () => {
    const trial = { source: { a: key(1) }, target: { b: key(2) }, clear: ['plain'] }
    const careless: OwnCodec = { name: 'careless', decrypt: (stored) => ({ plaintext: stored }), encrypt: (plaintext) => plaintext.toString('utf8') }
    const found = (await tryCodec(careless, trial)).join('\n')
    expect(found).toMatch(/a plaintext of 1 bytes is the same value when written twice/)
    expect(found).toMatch(/a plaintext of 1 bytes is read although value or key is another/)
    expect(found).toMatch(/a plaintext of 256 bytes does not come back/)
    expect(found).toMatch(/value 0 in the clear is not known as such/)
  })

  test('are loaded beside the built-in ones, and get plain objects', async () => {
    const codecs = await loadCodecs([example('codec-template.mjs'), example('codecs/xchacha20.mjs')])
    expect([...codecs.keys()].sort()).toEqual(['active-record', 'aes-256-gcm', 'attr-encrypted', 'fernet', 'lockbox', 'message-encryptor', 'my-codec', 'pgcrypto', 'plaintext', 'xchacha20'])
    expect(codecs.get('xchacha20')?.problems?.({ bogus: 1 }, namedKey({ k1: 'AAAA' }))).toEqual(['unknown option bogus', 'key version k1 is not 32 bytes in base64'])
    let seen: unknown
    const spy = wrapOwnCodec({ name: 'spy', decrypt: (_, context) => { seen = context; return null }, encrypt: () => new Uint8Array([1]) })
    expect(await spy.decrypt('x', codecContext({ key: namedKey({ k1: 'one', k2: { secret: 'two' } }), options: { a: 1 } }))).toBe(null)
    expect(seen).toEqual({ key: { current: 'k2', versions: { k1: 'one', k2: { secret: 'two' } } }, options: { a: 1 }, schema: 'public', table: 'users', column: 'email_ciphertext', primaryKey: { id: '7' }, siblings: {} })
    expect((await seal(spy, Buffer.from('x'), codecContext({ key: namedKey({ k1: 'one' }) }))).stored).toEqual(Buffer.of(1))
  })

  test('what they throw is not repeated, what they return is checked', async () => {
    const context = codecContext({ key: namedKey({ k1: 'one' }) })
    const throwing = (reason?: string): OwnCodec => ({ name: 'bad', decrypt: () => { throw Object.assign(new Error('hunter2'), { reason }) }, encrypt: () => ({ stored: 5 }) })
    await expect(wrapOwnCodec(throwing()).decrypt('x', context)).rejects.toMatchObject({ reason: 'authentication', message: 'codec bad could not open the value' })
    await expect(wrapOwnCodec(throwing('unknown-key')).decrypt('x', context)).rejects.toMatchObject({ reason: 'unknown-key' })
    await expect(wrapOwnCodec(throwing()).encrypt(Buffer.alloc(1), { ...context, meta: null })).rejects.toMatchObject({ reason: 'layout' })
    await expect(wrapOwnCodec({ name: 'bad', decrypt: () => undefined, encrypt: () => '' }).decrypt('x', context)).rejects.toMatchObject({ reason: 'layout' })
  })

  test.each([
    ['that is absent', {}, /absent\.mjs: it cannot be loaded/],
    ['without default export', { 'a.mjs': 'export const name = "x"' }, /a\.mjs: it has no default export/],
    ['that exports something else', { 'a.mjs': 'export default 5' }, /its default export is no object/],
    ['of another shape', { 'a.mjs': 'export default {name: "a b", decrypt: 1, siblings: []}' }, /name must be text.*decrypt must be a function; encrypt must be a function; siblings must be a function/],
    ['with the name of a built-in one', { 'a.mjs': `export default {name: "fernet", ${SHAPE}}`, 'b.mjs': `export default {name: "digest", ${SHAPE}}` }, /a\.mjs: the name fernet is that of a codec of org-mover\n.*b\.mjs: the name digest/],
    ['with the name of another', { 'a.mjs': `export default {name: "x", ${SHAPE}}`, 'b.mjs': `export default {name: "x", ${SHAPE}}` }, /b\.mjs: the name x is that of another module/],
  ])('a module %s is a problem of the configuration', async (_, modules, problem) => {
    expect(await loading(modules)).toMatch(problem)
  })
})
