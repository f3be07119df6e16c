import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { withOrg } from '../../src/dataplane/org-parameter.js'

/** Pieces of SQL with the same text after filling in, but for `:org`. */
const harmless = fc.oneof(
  fc.constantFrom(' ', 'a', 't.b', '=', '::text', 'AND', '(1)', ',', '+', 'E', 'U&', '1'),
  fc.string().map((text) => ` '${text.replaceAll("'", "''")}' `),
  fc.string().map((text) => ` "${text.replaceAll('"', '""')}" `),
  fc.string().map((text) => ` $tag$${text.replaceAll('$', '')}$tag$ `),
  fc.string().map((text) => ` E'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}' `),
)
const comment = fc.oneof(
  fc.string().map((text) => ` --${text.replaceAll(/[\n\r]/g, '')}\n`),
  fc.string().map((text) => ` /*${text.replaceAll(/[*/]/g, '')}/* nested */*/ `),
)

describe('declared SQL of any shape', () => {
  it('keeps everything outside of :org and comments as it was', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(harmless.map((text) => [text, text]), fc.constant([' :org ', ' <org> ']))), (pieces) => {
        expect(withOrg(pieces.map(([declared]) => declared).join(' '), '<org>')).toEqual({ ok: true, sql: pieces.map(([, filled]) => filled).join(' ') })
      }),
    )
  })

  it('never lets what a comment holds through', () => {
    fc.assert(
      fc.property(harmless, comment, harmless, (before, between, after) => {
        expect(withOrg(`${before} ${between} ${after}`, '<org>')).toMatchObject({ ok: true, sql: expect.not.stringContaining('nested') })
      }),
    )
  })

  it('yields brackets that are balanced, and never a semicolon or another parameter outside of quotes', () => {
    const alphabet = fc.constantFrom("'", '"', '$', '$a$', '(', ')', ';', '--', '/*', '*/', '\n', '\\', 'E', ':org', '::', '$1', 'x', ' ')
    fc.assert(
      fc.property(fc.array(alphabet, { maxLength: 12 }).map((parts) => parts.join('')), (declared) => {
        const filled = withOrg(declared, 'o')
        if (!filled.ok) return
        // what was accepted once is accepted again, and stays as it is
        expect(withOrg(filled.sql, 'o')).toEqual(filled)
        expect(withOrg(`(${filled.sql})`, 'o').ok).toBe(true)
      }),
      { numRuns: 3000 },
    )
  })

  it('takes any text in time that grows with it', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
      expect(withOrg(text, 'o')).toHaveProperty('ok')
    }), { numRuns: 3000 })
    const long = ["'", '"', '(', ')', '/*', '*/', '--', '$a$', '$a', "E'\\", ':org ', ':', '$1 ', '\n', "''", '/* */', 'x'].map((part) => part.repeat(200_000))
    const started = performance.now()
    for (const text of [...long, ...long.map((part) => `'${part.replaceAll("'", "''")}'`), ...long.map((part) => `/*${part}`)]) withOrg(text, 'o')
    expect(performance.now() - started).toBeLessThan(20_000)
  }, 60_000)
})
