import { readFile } from 'node:fs/promises'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { generatedFiles } from '../../../src/cli/generated-files.js'
import { emptyOutcome } from '../../../src/cli/outcome.js'
import type { DocumentKind } from '../../../src/cli/invocation.js'
import type { OUTPUT_SCHEMAS } from '../../../src/cli/output-schemas.js'
import type { CheckDocument, DiscoverDocument, DoneDocument, ListDocument, MoveDocument, PlanDocument } from '../../../src/domain/documents.js'
import { ERROR_CATALOGUE } from '../../../src/domain/error-catalogue.js'
import { MoverError } from '../../../src/domain/errors.js'
import { finding } from '../../../src/domain/finding.js'
import { CHECK, DISCOVER, DONE, LIST, MOVE, PLAN } from './support.js'

const ROOT = new URL('../../../', import.meta.url)
const KINDS: readonly DocumentKind[] = ['done', 'check', 'discover', 'plan', 'move', 'list', 'error']

function validator(kind: DocumentKind): (document: unknown) => string {
  const ajv = new Ajv2020({ allErrors: true })
  const validate = ajv.compile(JSON.parse(generatedFiles().get(`schema/output/${kind}.schema.json`) ?? 'null') as object)
  return (document) => (validate(document) ? '' : ajv.errorsText(validate.errors))
}

describe('generated files', () => {
  it.each([...generatedFiles().keys()])('%s is current (npm run docs:generate)', async (path) => {
    expect(await readFile(new URL(path, ROOT), 'utf8')).toBe(generatedFiles().get(path))
  })

  it('document every code once', () => {
    const text = generatedFiles().get('docs/errors.md') ?? ''
    for (const code of Object.keys(ERROR_CATALOGUE)) expect(text.split(`### ${code} `)).toHaveLength(2)
  })
})

describe('output schemas', () => {
  const row = finding('OM2104', 'error', { cell: 'a' }, { message: 'm', hint: 'h' }, { count: 1, examples: [{ id: null }] })
  const failure = new MoverError({ code: 'OM2007', message: 'm', hint: 'h', retry: 'after-fix', findings: [row] })

  it.each(KINDS)('accept the %s document of a failed command', (kind) => {
    expect(validator(kind)(emptyOutcome(kind, failure, {}).document)).toBe('')
    expect(validator(kind)(emptyOutcome(kind, null, { org: '1' }).document)).toBe('')
  })

  it('accept full documents, with fields that they do not know', () => {
    const samples = {
      done: DONE,
      check: CHECK,
      discover: { ...DISCOVER, tables: [{ database: 'main', schema: 'public', table: 'notes', class: 'sharded', rule: { kind: 'via', columns: ['a'], path: ['x'] }, strategy: null, origin: 'inferred', predicate: 'true' }] },
      plan: { ...PLAN, tables: [{ database: 'main', schema: 'public', table: 'notes', class: 'sharded', rows: 1, rowsExact: true, bytes: 2, chunks: 1, index: null }] },
      move: { ...MOVE, tables: [{ database: 'main', schema: 'public', table: 'notes', rowsPlanned: null, rowsCopied: 1, rowsVerified: 1, rowsPurged: 0, state: 'done' }], timings: [{ phase: 'copy', seconds: 1.5 }] },
      list: LIST,
    }
    for (const [kind, document] of Object.entries(samples)) expect(validator(kind as DocumentKind)({ ...document, added: 1 })).toBe('')
  })

  it('reject a document that lacks a field or holds an unknown value', () => {
    const { next: _next, ...withoutNext } = MOVE
    expect(validator('move')(withoutNext)).toContain("must have required property 'next'")
    expect(validator('move')({ ...MOVE, state: 'lunch' })).toContain('/state')
    expect(validator('plan')({ ...PLAN, totals: { tables: '1', rows: 0, bytes: 0 } })).toContain('/totals/tables must be number')
  })
})

/** Neither side may know a field that the other does not: fails to compile otherwise. */
type Frozen<T> = T extends readonly (infer E)[] ? readonly Frozen<E>[] : T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T
type SameKeys<A, B> = keyof A extends keyof B ? (keyof B extends keyof A ? true : false) : false
type Agrees<Document, Kind extends DocumentKind> = Document extends Frozen<z.infer<(typeof OUTPUT_SCHEMAS)[Kind]>> ? SameKeys<Document, z.infer<(typeof OUTPUT_SCHEMAS)[Kind]>> : false
const agreed: readonly [
  Agrees<DoneDocument, 'done'>,
  Agrees<CheckDocument, 'check'>,
  Agrees<DiscoverDocument, 'discover'>,
  Agrees<PlanDocument, 'plan'>,
  Agrees<MoveDocument, 'move'>,
  Agrees<ListDocument, 'list'>,
] = [true, true, true, true, true, true]

describe('documents.ts', () => {
  it('agrees with the schemas, says the compiler', () => {
    expect(agreed).not.toContain(false)
  })
})
