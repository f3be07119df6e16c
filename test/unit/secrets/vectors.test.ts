import { describe, expect, test } from 'vitest'
import type { Codec } from '../../../src/secrets/codec.js'
import { builtInCodecs } from '../../../src/secrets/codecs/built-in-codecs.js'
import { codecContext, namedKey, seal, unseal } from '../../support/codec-context.js'
import type { ContextParts } from '../../support/codec-context.js'

function codecNamed(name: string): Codec {
  const codec = builtInCodecs.get(name)
  if (codec === undefined) throw new Error(`no codec ${name}`)
  return codec
}

async function text(name: string, stored: string, parts: ContextParts): Promise<string> {
  return (await unseal(codecNamed(name), stored, codecContext(parts))).plaintext.toString('utf8')
}

describe('what the original libraries wrote is read', () => {
  const SHORT = 'ada@example.org'

  /** activerecord 7.1.5 on Ruby 3.1: ActiveRecord::Encryption::Encryptor#encrypt after configure() with these passwords, salts and digests. */
  describe('Active Record Encryption', () => {
    const source = namedKey({ v1: { primary_key: 'primary of source', deterministic_key: 'deterministic of source', key_derivation_salt: 'salt of source' } })
    const target = namedKey({ v9: { primary_key: 'primary of target', deterministic_key: 'deterministic of target', key_derivation_salt: 'salt of target', digest: 'sha1' } })
    const values = {
      plain: '{"p":"TDx8KXVLXlDc7cjpXKxU","h":{"iv":"CBb8/tBqzMijT37r","at":"I4aI0JSfNi4NdOK6acor6w=="}}',
      deterministic: '{"p":"9q+1VevqLm+un52LlX/A","h":{"iv":"5TGhoeL0f8I3xwbG","at":"pqdQOUKDagREB9xGJR+YeQ=="}}',
      compressed: '{"p":"MZWNHLkTgqPbom6HINznLYKA4YfBPzB5v9ofJkwcitYBAsFgbgH6nmtp5JLGNlfKq3kjLJmtGNc=","h":{"iv":"dNH9BHYX5twaityy","at":"8TdRp3yKV4THBLX62/lUYQ==","c":true}}',
      deterministicCompressed: '{"p":"msJsNyTpMJ0gDaYjQ3k5JJrtBoffhLsNdFDUbZrjEFAw2TMZrVak7MJSJhERT13ZTDv9XLvV+i0=","h":{"iv":"X+GLpdfCh2bvDPBh","at":"+CF4JKh3NDZ23N32O1m77A==","c":true}}',
      empty: '{"p":"","h":{"iv":"1gbtppsXwdDIPW4X","at":"g5SKz5gMN80OSwXAZXNYbg=="}}',
      latin1: '{"p":"9w==","h":{"iv":"IYdkQEjp5UcZBtbm","at":"Cb+s0OBdKDW8Qyktg3DfRg==","e":"SVNPLTg4NTktMQ=="}}',
      reference: '{"p":"Z/QT1be8rdQlslzhfyvj","h":{"iv":"ApTpSpQuXFGy+Nk4","at":"2Id56rhIS4YXTcQnygJnaQ==","i":"YjBmYw=="}}',
      envelope:
        '{"p":"+jNe6lpjUD3CUAca5F4v","h":{"iv":"3bJdYKAEINAbjD5t","at":"BpCBmDUsKgPTuWknZBxSDQ==","k":{"p":"osjoiCc7hOowxaVp2T4AVE1MF7NZZwYN8R3Z8mnPLQE=","h":{"iv":"Gb4wHJKozLT+Z07G","at":"/I0faTukd1oZLNC3adrv5g==","e":"QVNDSUktOEJJVA=="}},"i":"YjBmYw=="}}',
    } as const
    const onTarget = {
      deterministic: '{"p":"RBy4WtKxYDgYU1hEK58r","h":{"iv":"wdjJExvt5Sgm85xr","at":"gDbllD7s/YetztwkQF8SXw=="}}',
      deterministicCompressed: '{"p":"+IaYTZXuAFOP8kp+AxRvRD2jKPtuTpnW0jE2Y0a/dvIc29LosKfzAoS+7lcOK+WmnavCVcQhjQI=","h":{"iv":"BHU36+xMATnoIg7+","at":"pkxFBeO+sDk269baJat+aA==","c":true}}',
    } as const
    const codec = codecNamed('active-record')

    test.each(['plain', 'deterministic', 'reference', 'envelope'] as const)('%s', async (name) => {
      expect(await text('active-record', values[name], { key: source })).toBe(SHORT)
    })

    test('empty and other encodings', async () => {
      expect(await text('active-record', values.empty, { key: source })).toBe('')
      expect((await unseal(codec, values.latin1, codecContext({ key: source }))).plaintext).toEqual(Buffer.from([0xe9]))
    })

    test.each(['deterministic', 'deterministicCompressed'] as const)('%s becomes byte for byte what Rails writes with the target\'s key', async (name) => {
      const opened = await unseal(codec, values[name], codecContext({ key: source, options: { deterministic: true } }))
      expect(await seal(codec, opened.plaintext, codecContext({ key: target }), structuredClone(opened.meta))).toMatchObject({ stored: onTarget[name] })
    })

    test('every form is kept', async () => {
      for (const value of Object.values(values)) {
        const opened = await unseal(codec, value, codecContext({ key: source }))
        const { stored } = await seal(codec, opened.plaintext, codecContext({ key: target }), opened.meta)
        const again = await unseal(codec, stored, codecContext({ key: target }))
        expect(again.plaintext).toEqual(opened.plaintext)
        expect(again.meta).toEqual(opened.meta)
        expect(again.keyId).toBe('v9')
      }
    })
  })

  /** attr_encrypted 3.1.0 with encryptor 3.0.0 (Debian 12): attributes with encode: true, and the modes named. */
  describe('attr_encrypted', () => {
    const PASSWORD = '0123456789abcdef0123456789abcdef'
    const TOKEN = 'glpat-aTokenThatIsLongEnoughToNeedMoreThanOneLineOfBase64'
    const column = 'encrypted_token'
    const key = namedKey({ k1: PASSWORD })

    test('per_attribute_iv', async () => {
      const value = 'KSHcVWEPiMPO/DGJWdYOjC8uQ7X8l3YpFxZzXVtsbvP2ipJepsNohoBPuxkt\nTvBR5ogt5Fe9UFIsYw9zlOxVLKQU+OFXapSakA==\n'
      expect(await text('attr-encrypted', value, { key, column, options: { key_encoding: 'text' }, siblings: { encrypted_token_iv: 'IpMsezi/oEe4DKpZ\n' } })).toBe(TOKEN)
    })

    test('per_attribute_iv_and_salt', async () => {
      const value = 'S+z4iIAbY1SglADxuXXhE+yLQhqqChICGcyYajgS3VeRGjJ1C0Ay/L2JHNrT\nncv9fRBTTCQFT50rultDiMCbJrRFoAeoPWIu6A==\n'
      const siblings = { encrypted_token_iv: 'LzXWkapCIXqkzBn2\n', encrypted_token_salt: '_NSbdUU7ztY6iqhsOdX18TA==\n' }
      expect(await text('attr-encrypted', value, { key, column, options: { key_encoding: 'text', mode: 'per_attribute_iv_and_salt' }, siblings })).toBe(TOKEN)
    })

    test('aes-256-cbc with a longer password', async () => {
      const value = 'cYBThOrU7c4bxZ0MZQB33GRQEMsQ95OJMSs0mq5h2jLAUJkQZ8AJmNqqESBu\nueIFGybv9mxzzRr0rX3rxDGzFQ==\n'
      const siblings = { encrypted_token_iv: 'g0mgPIAQbLMMFdRdc72uCQ==\n', encrypted_token_salt: '_+c2P1ZLtjtfUAs0ckNOjnw==\n' }
      const options = { key_encoding: 'text', mode: 'per_attribute_iv_and_salt', algorithm: 'aes-256-cbc' }
      expect(await text('attr-encrypted', value, { key: namedKey({ k1: `${PASSWORD}and a longer password` }), column, options, siblings })).toBe(TOKEN)
    })

    test('single_iv_and_salt is the same bytes again', async () => {
      const value = 'ew3YgEak1lV2RcKwF6ECIGNqarSHCN/7ZdaFUCEaOyE4YLy2nyaKr2Pl0AlV\nCYq1UrLPv0UXBIGu2rsw8UIOg2hT7IHGk9CgKg==\n'
      const context = codecContext({ key, column, options: { key_encoding: 'text', mode: 'single_iv_and_salt', iv: Buffer.from('twelve bytes').toString('base64'), salt: 'one salt for all' } })
      const { plaintext, meta } = await unseal(codecNamed('attr-encrypted'), value, context)
      expect(plaintext.toString()).toBe(TOKEN)
      expect((await seal(codecNamed('attr-encrypted'), plaintext, context, meta)).stored).toBe(value)
    })
  })

  /** lockbox 0.6.4 (Debian 12): Lockbox.attribute_key(table: 'users', attribute: 'email_ciphertext'), then Lockbox.new(key:, encode: true). */
  describe('Lockbox', () => {
    const key = namedKey({ k1: '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff' })
    test.each([
      ['derived from table and attribute', '8deiabUKdUpAMtRPbtsHw4DSkAfBtbg1vUEzq70/SNrhMzUKXnasRf/qLw==', {}, SHORT],
      ['padded', 'f6w4A5tURSvYJY5SQsm5je6B3s34hYKjE4/NHxb+ZJt88n0PIm7H3bLesp3ZzgdjPhGT/To8L3eWOPd6', { padding: true }, 'sixteen bytes!!!'],
      ['with the key itself', 'K4J1/NXGR51ZemhSbdgqgFWFKThVr5trMoeTQh5SsUnhIw==', { derive: false }, 'direct'],
      ['with associated data', '1TpgpAqA9pPnbN2Iczw1WBcJ+eCW26SrEjl2uwpUgUQc', { derive: false, associated_data: 'somecontext' }, 'bound'],
    ] as const)('%s', async (_, value, options, plaintext) => {
      expect(await text('lockbox', value, { key, options })).toBe(plaintext)
    })
  })

  /** activesupport 6.1.7 (Debian 12): MessageEncryptor with KeyGenerator.new('secret key base', iterations: 1000) and serializer: JSON. */
  describe('MessageEncryptor', () => {
    const secret = 'secret key base'
    test.each([
      ['aes-256-gcm', 'ORWf3oz5IQ==--3h5iSCqFNZI+utI0--/kbWwUhvEHUlsWvieKnL2w==', { secret, salt: 'authenticated encrypted cookie' }, { iterations: 1000 }, '{"a":1}'],
      ['aes-256-cbc, signed', 'L21uYkFRbklSUXQvSjR5dmRDYjNBZz09LS1WUlh4VTJwdUdCYmMxZzl1WGZ5SGlRPT0=--310b6b1548c97fca5478f01955c4e8274aed54ea', { secret, salt: 'encrypted cookie', sign_salt: 'signed encrypted cookie' }, { iterations: 1000, cipher: 'aes-256-cbc' }, '"legacy"'],
      [
        'aes-256-cbc, one key',
        'WTcweHZTekRGTGpvM3M2WnVVUDNwQT09LS02enN4UG52aXQ3MGRERWlWOXFPSlhBPT0=--95e1f795dac8aaa6007cedddfdf3b806abab0fa5e200fc3314e1b5a6f438ddb1',
        '0123456789abcdef0123456789abcdef',
        { key_encoding: 'text', cipher: 'aes-256-cbc', digest: 'sha256' },
        '"one key"',
      ],
    ] as const)('%s', async (_, value, version, options, plaintext) => {
      expect(await text('message-encryptor', value, { key: namedKey({ k1: version }), options })).toBe(plaintext)
    })

    test('purpose and expiry are part of what is carried', async () => {
      const value = 'qeL7ZReW6NYl764zGlK4RPtuxMV7p8J+PlMz0ehvOy5S9b5Dz9nnryIMnlLIixmD3uI7XXwTlzYgCY3fka4=--bIV7N9AIFTtIqcUa--wI5fow7kxaNhXQyyKl9yHg=='
      expect(await text('message-encryptor', value, { key: namedKey({ k1: { secret, salt: 'authenticated encrypted cookie' } }), options: { iterations: 1000 } })).toContain('"pur":"login"')
    })
  })

  /** cryptography 48.0.0 (Python): Fernet(key).encrypt_at_time(…). */
  test('Fernet, with its time', async () => {
    const key = namedKey({ k1: 'cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=' })
    const value = 'gAAAAAAdwJ6wcfswMxv5sCQPJtWMIBfJaxGBKRUhL4BQIZeaCYrugkh0isFHeI0dA3G4mDOV_3GmS-biwcBEviuI3Wm-Bio84w=='
    const opened = await unseal(codecNamed('fernet'), value, codecContext({ key }))
    expect(opened).toMatchObject({ plaintext: Buffer.from('hello'), meta: { seconds: '499162800' } })
    const { stored } = await seal(codecNamed('fernet'), opened.plaintext, codecContext({ key }), opened.meta)
    expect((await unseal(codecNamed('fernet'), stored, codecContext({ key }))).meta).toEqual(opened.meta)
    expect(await text('fernet', 'gAAAAABlU_EAeflFKJPIBoAbPtCy81ZofRWc3WNXei67qcJFod-L73BmqcvLmxZK9DKyy07X9ANz6w-7F6_w0xCM0CbuklakrA==', { key })).toBe('')
  })
})
