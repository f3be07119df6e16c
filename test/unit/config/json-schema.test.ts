import { readFile } from 'node:fs/promises'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { configJsonSchema } from '../../../src/config/json-schema.js'
import { STARTER_CONFIG } from '../../../src/config/starter.js'
import { MINIMAL } from './support.js'

const COMMITTED = new URL('../../../schema/config.schema.json', import.meta.url)

describe('schema/config.schema.json', () => {
  it('is what the zod schema says (npm run docs:generate)', async () => {
    expect(await readFile(COMMITTED, 'utf8')).toBe(configJsonSchema())
  })

  it('accepts what loads and rejects unknown keys', () => {
    const validate = new Ajv2020({ allowUnionTypes: true }).compile(JSON.parse(configJsonSchema()) as object)
    expect(validate(parse(STARTER_CONFIG))).toBe(true)
    expect(validate(parse(MINIMAL))).toBe(true)
    expect(validate(parse(`${MINIMAL}typo: 1\n`))).toBe(false)
  })
})
