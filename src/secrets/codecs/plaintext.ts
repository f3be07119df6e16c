import { z } from 'zod'
import type { Codec, Decrypted, StoredValue } from '../codec.js'
import { codecOptions } from './codec-options.js'
import { formOf, isBytea } from './stored-form.js'

/** `to` is the declaration of the target's codec, which whoever drives the codecs reads. */
const options = codecOptions(z.strictObject({ to: z.looseObject({ codec: z.string(), key: z.string().optional() }).optional() }), (read) => read)

/** A column that is not encrypted: what is stored is the value. For columns that the target encrypts. */
export const plaintext: Codec = {
  name: 'plaintext',
  problems: (given) => options.problems(given),
  decrypt: (stored): Decrypted => ({ plaintext: typeof stored === 'string' ? Buffer.from(stored, 'utf8') : stored, meta: formOf(stored) }),
  encrypt: (value, { meta }): StoredValue => (isBytea(meta) ? value : value.toString('utf8')),
}
