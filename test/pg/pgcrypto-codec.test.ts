import { describe, expect, test } from 'vitest'
import { Pool } from 'pg'
import { pgcrypto } from '../../src/secrets/codecs/pgcrypto.js'
import { codecContext, namedKey, seal, unseal } from '../support/codec-context.js'
import { freshDatabase } from '../support/database.js'

const SOURCE = codecContext({ key: namedKey({ k1: 'passphrase of source' }) })
const TARGET = codecContext({ key: namedKey({ k2: 'pass ☂ of target' }) })

const WRITTEN: readonly (readonly [string, string, string, string])[] = [
  ['text', `pgp_sym_encrypt($1, 'passphrase of source')`, 'pgp_sym_decrypt', 'a text\nof lines ☂'],
  ['unicode text', `pgp_sym_encrypt($1, 'passphrase of source', 'unicode-mode=1, cipher-algo=aes256')`, 'pgp_sym_decrypt', 'ünï'],
  ['bytes', `pgp_sym_encrypt_bytea(convert_to($1, 'UTF8'), 'passphrase of source')`, 'pgp_sym_decrypt_bytea', 'bytes'],
  ['compressed', `pgp_sym_encrypt($1, 'passphrase of source', 'compress-algo=2, sess-key=1, s2k-digest-algo=sha256')`, 'pgp_sym_decrypt', 'long '.repeat(500)],
  ['empty', `pgp_sym_encrypt($1, 'passphrase of source')`, 'pgp_sym_decrypt', ''],
  ['armored', `armor(pgp_sym_encrypt($1, 'passphrase of source'))`, 'pgp_sym_decrypt', 'in text'],
]

describe('pgcrypto of a real server', () => {
  test('reads what was written anew from what it wrote, in each of its forms', async () => {
    await using database = await freshDatabase({ cluster: 'a' })
    const pool = new Pool({ connectionString: database.url, max: 1 })
    try {
      await pool.query('CREATE EXTENSION pgcrypto')
      for (const [form, write, read, plaintext] of WRITTEN) {
        const { rows: [written] } = await pool.query<{ value: Buffer | string }>(`SELECT ${write} AS value`, [plaintext])
        const opened = await unseal(pgcrypto, written?.value ?? '', SOURCE)
        expect(opened.plaintext.toString('utf8'), form).toBe(plaintext)
        const { stored } = await seal(pgcrypto, opened.plaintext, TARGET, structuredClone(opened.meta))
        const value = form === 'armored' ? 'dearmor($1::text)' : '$1::bytea'
        const { rows: [again] } = await pool.query<{ value: Buffer | string }>(`SELECT ${read}(${value}, $2) AS value`, [stored, 'pass ☂ of target'])
        expect(again?.value.toString(), form).toBe(plaintext)
        expect((await unseal(pgcrypto, stored, TARGET)).meta, form).toEqual(opened.meta)
      }
      const { stored } = await seal(pgcrypto, Buffer.from('was in the clear'), TARGET, { bytes: true })
      const { rows: [fresh] } = await pool.query<{ value: string }>('SELECT pgp_sym_decrypt($1, $2) AS value', [stored, 'pass ☂ of target'])
      expect(fresh?.value).toBe('was in the clear')
    } finally {
      await pool.end()
    }
  })
})
