import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CodecError } from '../../../src/secrets/codec.js'
import type { Codec, CodecContext, StoredValue } from '../../../src/secrets/codec.js'
import { activeRecord } from '../../../src/secrets/codecs/active-record.js'
import { aes256Gcm } from '../../../src/secrets/codecs/aes-256-gcm.js'
import { attrEncrypted } from '../../../src/secrets/codecs/attr-encrypted.js'
import { builtInCodecs } from '../../../src/secrets/codecs/built-in-codecs.js'
import { fernet } from '../../../src/secrets/codecs/fernet.js'
import { lockbox } from '../../../src/secrets/codecs/lockbox.js'
import { messageEncryptor } from '../../../src/secrets/codecs/message-encryptor.js'
import { pgcrypto } from '../../../src/secrets/codecs/pgcrypto.js'
import { plaintext } from '../../../src/secrets/codecs/plaintext.js'
import type { NamedKey } from '../../../src/secrets/keyring.js'
import { codecContext, namedKey, seal, unseal } from '../../support/codec-context.js'

const base64Key = (byte: number): string => Buffer.alloc(32, byte).toString('base64')
const ONE = namedKey({ k1: base64Key(1) })
const TWO = namedKey({ k2: base64Key(2) })
const BOTH = namedKey({ k1: base64Key(1), k2: base64Key(2) })
const rails = (name: string): Readonly<Record<string, string>> => ({ primary_key: `p ${name}`, deterministic_key: `d ${name}`, key_derivation_salt: name })

interface Case {
  readonly title: string
  readonly codec: Codec
  readonly options?: CodecContext['options']
  readonly column?: string
  readonly one?: NamedKey
  readonly two?: NamedKey
  readonly both?: NamedKey
  readonly bytes?: boolean
  readonly clear: readonly StoredValue[]
  /** CBC without a signature: what was changed is not always seen. */
  readonly isUnauthenticated?: boolean
  readonly readsInTheClear?: boolean
}

const CLEAR = ['', 'plain words', 'AAAA', '{"a": 1}', '{}', 'ö', '-- --']
const CASES: readonly Case[] = [
  { title: 'aes-256-gcm', codec: aes256Gcm, clear: [...CLEAR, '-_'.repeat(30)] },
  { title: 'aes-256-gcm raw', codec: aes256Gcm, bytes: true, clear: [Buffer.alloc(27)] },
  { title: 'aes-256-gcm with key id', codec: aes256Gcm, options: { prefix: 'v{key}:', layout: ['iv', 'tag', 'ciphertext'] }, clear: [...CLEAR, 'v1', 'v1:AAAA'] },
  { title: 'aes-256-gcm raw with key id', codec: aes256Gcm, bytes: true, options: { prefix: '§{key}|', iv_length: 16 }, clear: [Buffer.alloc(100)] },
  { title: 'aes-256-gcm in parts', codec: aes256Gcm, options: { separator: '.', encoding: 'base64url', layout: ['ciphertext', 'iv', 'tag'] }, clear: CLEAR },
  { title: 'aes-256-gcm in hex, bound to the row', codec: aes256Gcm, options: { encoding: 'hex', aad: '{schema}.{table}.{column}:{primary_key.id}' }, clear: CLEAR },
  { title: 'aes-256-gcm deterministic', codec: aes256Gcm, options: { deterministic: true }, clear: CLEAR },
  { title: 'active-record', codec: activeRecord, one: namedKey({ a: rails('one') }), two: namedKey({ b: rails('two') }), both: namedKey({ a: rails('one'), b: rails('two') }), clear: CLEAR },
  { title: 'attr-encrypted', codec: attrEncrypted, column: 'encrypted_x', clear: ['plain words', 'AAAA'] },
  { title: 'attr-encrypted with salt', codec: attrEncrypted, column: 'encrypted_x', options: { mode: 'per_attribute_iv_and_salt', encode: 'm0' }, clear: ['plain words', 'AAAA'] },
  { title: 'attr-encrypted raw', codec: attrEncrypted, column: 'encrypted_x', bytes: true, options: { encode: false, encode_iv: false }, clear: [Buffer.alloc(3)] },
  { title: 'attr-encrypted with CBC', codec: attrEncrypted, column: 'encrypted_x', options: { algorithm: 'aes-256-cbc' }, clear: ['plain words', 'AAAA'], isUnauthenticated: true },
  { title: 'lockbox', codec: lockbox, clear: CLEAR.slice(1) },
  { title: 'lockbox raw and padded', codec: lockbox, bytes: true, options: { padding: 32 }, clear: [Buffer.alloc(27)] },
  { title: 'pgcrypto', codec: pgcrypto, bytes: true, one: namedKey({ k1: 'one' }), two: namedKey({ k2: 'two' }), both: namedKey({ k1: 'one', k2: 'two' }), clear: [Buffer.from('plain')] },
  { title: 'pgcrypto armored', codec: pgcrypto, one: namedKey({ k1: 'one' }), two: namedKey({ k2: 'two' }), both: namedKey({ k1: 'one', k2: 'two' }), clear: CLEAR },
  { title: 'fernet', codec: fernet, clear: [...CLEAR, 'gAAAAA=='] },
  { title: 'message-encryptor', codec: messageEncryptor, clear: CLEAR },
  { title: 'message-encryptor for URLs', codec: messageEncryptor, options: { url_safe: true }, clear: CLEAR },
  { title: 'message-encryptor with CBC', codec: messageEncryptor, options: { cipher: 'aes-256-cbc', digest: 'sha256' }, clear: CLEAR },
  { title: 'plaintext', codec: plaintext, clear: [], readsInTheClear: true },
]

const SECRETS = [Buffer.from('s3cret'), Buffer.from('ünïcode ☂'), Buffer.from('x'.repeat(500))]

async function outcome(work: () => unknown): Promise<unknown> {
  try {
    return await work()
  } catch (thrown) {
    return thrown
  }
}

function flip(stored: StoredValue, at: number): StoredValue {
  if (typeof stored !== 'string') return Buffer.from(stored.map((byte, index) => (index === at ? byte ^ 0x10 : byte)))
  return stored.slice(0, at) + (stored[at] === 'A' ? 'B' : 'A') + stored.slice(at + 1)
}

describe.each(CASES)('$title', ({ codec, options = {}, column, one = ONE, two = TWO, both = BOTH, bytes = false, clear, isUnauthenticated = false, readsInTheClear = false }) => {
  const meta = { bytes }
  const context = (key: NamedKey, siblings: CodecContext['siblings'] = {}): CodecContext => codecContext({ key, options, siblings, ...(column === undefined ? {} : { column }) })

  test('has no problem with its options and keys', () => {
    expect(codec.problems?.(options, both) ?? []).toEqual([])
  })

  test('what the source wrote is read, written anew and read by the target', async () => {
    for (const secret of SECRETS) {
      const source = await seal(codec, secret, context(one), meta)
      expect(typeof source.stored === 'string').toBe(!bytes)
      const opened = await unseal(codec, source.stored, context(both, source.siblings))
      const target = await seal(codec, opened.plaintext, context(two), structuredClone(opened.meta))
      expect(typeof target.stored === 'string').toBe(!bytes)
      expect(Object.keys(target.siblings)).toEqual(codec.siblings?.(context(two).column, options) ?? [])
      const again = await unseal(codec, target.stored, context(two, target.siblings))
      expect(again.plaintext).toEqual(opened.plaintext)
      if (!readsInTheClear) expect([opened.keyId, again.keyId]).toEqual([one.current, two.current])
    }
  })

  test('equal values stay equal exactly where they were', async () => {
    const [first, second] = [await seal(codec, SECRETS[0] ?? Buffer.alloc(0), context(one), meta), await seal(codec, SECRETS[0] ?? Buffer.alloc(0), context(one), meta)]
    expect(JSON.stringify(first) === JSON.stringify(second)).toBe(options['deterministic'] === true || readsInTheClear)
  })

  test.runIf(!readsInTheClear)('another key, a value cut short and a changed one are refused', async () => {
    const { stored, siblings } = await seal(codec, SECRETS[1] ?? Buffer.alloc(0), context(one), meta)
    const plain = (await unseal(codec, stored, context(one, siblings))).plaintext
    const wrong = await outcome(() => codec.decrypt(stored, context(two, siblings)))
    if (!isUnauthenticated) {
      expect(wrong).toBeInstanceOf(CodecError)
      expect((wrong as CodecError).reason).toMatch(/^(?:authentication|unknown-key)$/)
    }
    const step = codec === pgcrypto ? 13 : 1
    for (let at = 0; at < stored.length; at += step) {
      for (const changed of [stored.slice(0, at), flip(stored, at)]) {
        const got = await outcome(() => codec.decrypt(changed as StoredValue, context(one, siblings)))
        if (got === null || got instanceof CodecError || isUnauthenticated || changed.length === 0) continue
        // base64 may have bits that carry nothing
        expect((got as { readonly plaintext: Buffer }).plaintext, `changed at ${at}`).toEqual(plain)
        expect(typeof changed, `changed at ${at}`).toBe('string')
      }
    }
  })

  test('what is in the clear is known as such', async () => {
    for (const value of clear) expect(await outcome(() => codec.decrypt(value, context(one))), JSON.stringify(value)).toBe(null)
  })

  test('no value makes it fail but with an error of its own, without a byte of value or key', async () => {
    const { stored, siblings } = await seal(codec, SECRETS[0] ?? Buffer.alloc(0), context(one), meta)
    const names = codec.siblings?.(context(one).column, options) ?? []
    const any = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.uint8Array().map((array) => Buffer.from(array)),
      fc.json(),
      fc.tuple(fc.nat(stored.length), fc.string()).map(([at, junk]) => (typeof stored === 'string' ? stored.slice(0, at) + junk : Buffer.concat([stored.subarray(0, at), Buffer.from(junk)]))),
    )
    await fc.assert(
      fc.asyncProperty(any, fc.oneof(fc.constant(null), fc.string(), fc.base64String(), fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array))), async (value, sibling) => {
        for (const beside of [siblings, Object.fromEntries(names.map((name) => [name, sibling]))]) {
          const got = await outcome(() => codec.decrypt(value, context(one, beside)))
          if (got instanceof Error) expect(got, got.stack).toBeInstanceOf(CodecError)
          if (got instanceof CodecError && value.length > 12) expect(got.message).not.toContain(value.toString())
        }
      }),
      { numRuns: codec === pgcrypto ? 60 : 300 },
    )
  })
})

describe('declarations', () => {
  test('unknown options and unfit keys are named, never their bytes', () => {
    for (const codec of builtInCodecs.values()) {
      expect(codec.problems?.({ bogus: 'verysecretvalue' }, ONE).join(), codec.name).toMatch(/unknown option bogus/)
      if (codec === plaintext || codec === pgcrypto) continue
      const problems = codec.problems?.({}, namedKey({ k1: 'c2hvcnRrZXk=' })).join() ?? ''
      expect(problems, codec.name).toMatch(/key version k1 (?:is|has)/)
      expect(problems).not.toContain('c2hvcnRrZXk')
    }
  })

  test.each([
    [aes256Gcm, { layout: ['iv', 'tag'] }, /layout: must name/],
    [aes256Gcm, { prefix: '{key}' }, /prefix: must hold/],
    [aes256Gcm, { separator: 'ab', encoding: 'hex' }, /separator: must hold a character/],
    [aes256Gcm, { separator: '.', encoding: 'raw' }, /separator: raw/],
    [aes256Gcm, { aad: '{user}' }, /aad: knows/],
    [attrEncrypted, { mode: 'single_iv_and_salt' }, /iv: is required/],
    [attrEncrypted, { mode: 'single_iv_and_salt', iv: 'AAAA' }, /iv: is not 12 bytes/],
  ] as const)('%o %o', (codec, options, problem) => {
    expect(codec.problems?.(options, ONE).join()).toMatch(problem)
    expect(() => codec.encrypt(Buffer.from('x'), { ...codecContext({ key: ONE, options }), meta: undefined })).toThrow(CodecError)
  })

  test('a value that names an unknown version says so', async () => {
    const options = { prefix: 'v{key}:' }
    const { stored } = await seal(aes256Gcm, Buffer.from('x'), codecContext({ key: ONE, options }))
    expect(() => aes256Gcm.decrypt(stored, codecContext({ key: TWO, options }))).toThrow(expect.objectContaining({ reason: 'unknown-key' }))
  })

  test('a value that is bound to its row is not read in another', async () => {
    const context = codecContext({ key: ONE, options: { aad: '{table}:{primary_key.id}' } })
    const { stored } = await seal(aes256Gcm, Buffer.from('x'), context)
    expect(() => aes256Gcm.decrypt(stored, { ...context, primaryKey: { id: '8' } })).toThrow(expect.objectContaining({ reason: 'authentication' }))
  })

  test('a deterministic value that would have to be compressed as the application does is refused', () => {
    const context = codecContext({ key: namedKey({ a: rails('one') }), options: { deterministic: true } })
    expect(() => activeRecord.encrypt(Buffer.alloc(141), { ...context, meta: undefined })).toThrow(expect.objectContaining({ reason: 'layout' }))
  })

  test('what the gems leave empty stays empty', async () => {
    for (const codec of [lockbox, attrEncrypted]) {
      const opened = await unseal(codec, '', codecContext({ key: ONE }))
      expect(await seal(codec, opened.plaintext, codecContext({ key: TWO }), opened.meta)).toEqual({ stored: '', siblings: {} })
    }
  })
})
