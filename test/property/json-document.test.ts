import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { findJson, spliceJson } from '../../src/secrets/json-document.js'
import { parseJsonPath } from '../../src/secrets/json-path.js'

function found(text: string, path: string): readonly string[] {
  const steps = parseJsonPath(path)
  if (typeof steps === 'string') throw new Error(steps)
  return findJson(text, steps).map(({ start, end }) => text.slice(start, end))
}

describe('secrets in documents are found by SQL/JSON paths, and nothing else of the document is touched', () => {
  const text = `{ "a" : {"b": [ {"name": "x", "value": "1"}, {"name":"y","value":"2", "deep":{"k":"y"}}, 3 ], "b c": "quoted"}, "n": 12345678901234567890.10 , "e": "\\u0065\\"" }`

  test.each([
    ['$', [text]],
    ['$.a."b c"', ['"quoted"']],
    ['$.a.b[*].value', ['"1"', '"2"']],
    ['$.a.b.value', ['"1"', '"2"']],
    ['$.a.b[*] ? (@.name == "y").value', ['"2"']],
    ['$.a.b ? (@.name == "x") . value', ['"1"']],
    ['$.a.b[*] ? (@.deep.k == "y").name', ['"y"']],
    ['$.a[*]."b c"', ['"quoted"']],
    ['$.a.b[*] ? (@ == 3)', ['3']],
    ['$.nothing.here', []],
    ['$.n', ['12345678901234567890.10']],
    ['$.e', ['"\\u0065\\""']],
  ])('%s', (path, expected) => {
    expect(found(text, path)).toEqual(expected)
  })

  test.each(['a', '$.', '$[0]', '$.a[', '$ ? (@.a > 1)', '$.a ? (@.b == x)', '$.a b'])('a path that is not understood says so: %s', (path) => {
    expect(parseJsonPath(path)).toBeTypeOf('string')
  })

  test('a member anywhere in any document is found by its path, and replaced alone', () => {
    fc.assert(
      fc.property(fc.json(), fc.string(), fc.string(), fc.constantFrom(undefined, 1, '\t'), (json, name, secret, space) => {
        const document = JSON.stringify({ before: JSON.parse(json), [name]: { secret }, after: [JSON.parse(json)] }, null, space)
        const steps = parseJsonPath(`$.${JSON.stringify(name)}.secret`)
        if (typeof steps === 'string') throw new Error(steps)
        const spans = findJson(document, steps)
        expect(spans.map(({ start, end }) => document.slice(start, end))).toContain(JSON.stringify(secret))
        const changed: unknown = JSON.parse(spliceJson(document, spans, spans.map(() => '"another"')))
        const expected: unknown = JSON.parse(document)
        if (typeof expected === 'object' && expected !== null) Reflect.set(expected, name, { secret: 'another' })
        if (name !== 'before' && name !== 'after') expect(changed).toEqual(expected)
        expect(spliceJson(document, spans, spans.map(({ start, end }) => document.slice(start, end)))).toBe(document)
      }),
    )
  })

  test('text that is no document fails without a word of it', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          findJson(text, [])
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError)
          expect(String(error)).not.toContain(text.length > 3 ? text : '\0')
        }
      }),
    )
  })
})
