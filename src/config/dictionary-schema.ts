import { z } from 'zod'
import { STRATEGIES } from '../domain/vocabulary.js'
import { parseKeyReference } from './key-reference.js'

/** What may be said about one table: in a dictionary file under `move:`, or inline in the configuration. Unknown keys are errors. */

export const nonEmpty = z.string().min(1, { error: 'must not be empty' })
const oneOrMore = z.union([nonEmpty, z.array(nonEmpty).min(1, { error: 'must not be empty' })])
const literal = z.union([z.string(), z.number(), z.boolean(), z.null()], { error: 'expected text, a number, true, false or null' })

const secretRule = z
  .looseObject({
    codec: nonEmpty.describe('aes-256-gcm, active-record, attr-encrypted, lockbox, pgcrypto, fernet, message-encryptor, plaintext, digest, or the name of an own codec'),
    key: nonEmpty.optional().describe('name of the key in the keyrings of both cells'),
    path: nonEmpty.optional().describe('SQL/JSON path of the secret inside a json or jsonb column'),
    when: nonEmpty.optional().describe('SQL over the row: where the rule applies'),
    clear: z.enum(['pass', 'error']).optional().describe('what to do with a value that is in the clear (default: error)'),
    unreadable: z.enum(['stop', 'carry', 'null']).optional().describe('what to do with a value that cannot be opened: stop the move (default), carry it as it stands, or NULL'),
    accept_loss: nonEmpty.optional().describe('digest: schema.table.column, by which the loss of its values is accepted'),
  })
  .refine((rule) => rule.key !== undefined || rule.codec === 'plaintext', { path: ['key'], error: 'is required: the name of a key in the keyrings' })

export type RawSecretRule = z.infer<typeof secretRule>

const columnRule = z.union([
  z.strictObject({ lookup: nonEmpty.describe('remap the value through this lookup table') }),
  z.strictObject({ map: z.record(z.string(), literal).describe('replace values: from source to target') }),
  z.strictObject({ set: literal.describe('this value on the target, whatever the source holds') }),
  z.strictObject({ secret: z.union([secretRule, z.array(secretRule).min(1, { error: 'must not be empty' })]).describe('decrypt with the key of the source, encrypt with that of the target') }),
])
export type RawColumnRule = z.infer<typeof columnRule>

export const strategy = z.enum(STRATEGIES)
export const databases = oneOrMore.describe('in which of the cell\'s databases the table holds rows; default: by class, else main')

const moveFields = {
  database: databases.optional(),
  exempt: strategy.optional().describe('the table has no owner: what a move does with it'),
  unowned: z.enum(['error', 'stay']).optional().describe('rows whose keys are all NULL'),
  match_by: oneOrMore.optional().describe('lookup: the natural key'),
  insert_missing: z.boolean().optional().describe('lookup: add rows that are absent on the target'),
  where: nonEmpty.optional().describe('query: predicate over alias t with :org; shared: which rows instead of the closure'),
  differ_by: oneOrMore.optional().describe('shared, and rows of nobody: columns that may differ'),
  purge: z.enum(['unreferenced']).optional().describe('shared: the purge deletes rows that nothing refers to any more'),
  inbound: z.enum(['stay']).optional().describe('references from rows that stay are expected and do not stop the purge'),
  columns: z.record(nonEmpty, columnRule).optional(),
}

const shardingKey = z
  .record(nonEmpty, nonEmpty)
  .superRefine((references, context) => {
    for (const [columns, table] of Object.entries(references)) {
      const parsed = parseKeyReference(columns, table)
      if (typeof parsed === 'string') context.addIssue({ code: 'custom', message: parsed, path: [columns] })
    }
  })
  .describe('key column (or "a, b") to the table that its value refers to: `table`, or `table(column, …)`')

const desiredShardingKey = z
  .record(
    nonEmpty,
    z.looseObject({
      backfill_via: z
        .looseObject({ parent: z.looseObject({ foreign_key: nonEmpty, table: nonEmpty, table_primary_key: nonEmpty.nullish(), sharding_key: z.string().nullish(), belongs_to: z.string().nullish() }) })
        .nullish(),
    }),
  )
  .describe('how to reach the owner through a parent')

const moveSchema = z.strictObject(moveFields)
export const inlineEntrySchema = z.strictObject({ sharding_key: shardingKey.optional(), desired_sharding_key: desiredShardingKey.optional(), ...moveFields })

/** GitLab's db/docs/*.yml: only what ownership needs; everything else there is none of our business. */
export const dictionaryFileSchema = z.looseObject({
  table_name: nonEmpty,
  gitlab_schema: z.string().nullish(),
  sharding_key: shardingKey.nullish(),
  desired_sharding_key: desiredShardingKey.nullish(),
  move: moveSchema.nullish(),
})

export type RawEntry = z.infer<typeof inlineEntrySchema>
export type RawDictionaryFile = z.infer<typeof dictionaryFileSchema>
