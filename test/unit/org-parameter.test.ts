import { describe, expect, it } from 'vitest'
import { withOrg } from '../../src/dataplane/org-parameter.js'

function filled(declared: string): string {
  const result = withOrg(declared, "'7'")
  return result.ok ? result.sql : `problem: ${result.problem}`
}

describe('declared SQL with the organization filled in', () => {
  it.each([
    ['t.a = :org', "t.a = '7'"],
    ['t.a=:org AND t.b=:org', "t.a='7' AND t.b='7'"],
    ['t.a = :org::bigint', "t.a = '7'::bigint"],
    ['t.a::text = :org', "t.a::text = '7'"],
    ['t.a = (:org)', "t.a = ('7')"],
    ['t.a = :organization', 't.a = :organization'],
    ['true', 'true'],
  ])('replaces the token and leaves casts and longer names: %s', (declared, expected) => {
    expect(filled(declared)).toBe(expected)
  })

  it.each([
    ["t.a = ':org'", "t.a = ':org'"],
    ["t.a = 'it''s :org' OR t.b = :org", "t.a = 'it''s :org' OR t.b = '7'"],
    ['t.":org" = :org', `t.":org" = '7'`],
    ['t."a"":org" = :org', `t."a"":org" = '7'`],
    ['t.a = $$ :org ; ( $$ AND t.b = :org', "t.a = $$ :org ; ( $$ AND t.b = '7'"],
    ["t.a = $q$ ' $$ :org $q$ AND t.b = :org", "t.a = $q$ ' $$ :org $q$ AND t.b = '7'"],
  ])('looks only at what stands outside quotes: %s', (declared, expected) => {
    expect(filled(declared)).toBe(expected)
  })

  it.each([
    ["t.a = E'it\\'s :org ' AND t.b = :org", "t.a = E'it\\'s :org ' AND t.b = '7'"],
    ["t.a = e'\\\\' AND t.b = :org", "t.a = e'\\\\' AND t.b = '7'"],
    ["t.a_e = '\\' AND t.b = :org", "t.a_e = '\\' AND t.b = '7'"],
  ])('knows a backslash only in the E form: %s', (declared, expected) => {
    expect(filled(declared)).toBe(expected)
  })

  it.each([
    ['t.a = :org -- :org ) ; it\'s', "t.a = '7'  "],
    ['t.a /* :org ; ( " */ = :org', "t.a   = '7'"],
    ['t.a /* outer /* inner */ ) still outer */ = :org', "t.a   = '7'"],
  ])('drops comments: %s', (declared, expected) => {
    expect(filled(declared).trim()).toBe(expected.trim())
  })

  it.each([
    ['t.a = :org; DROP TABLE x', 'it holds a semicolon'],
    ['t.a = :org) OR (true', 'it closes a bracket that it did not open'],
    ['(t.a = :org', 'a bracket is not closed'],
    ["t.a = 'open", 'a quote or comment is not closed'],
    ['t."open = :org', 'a quote or comment is not closed'],
    ['t.a = :org /* open', 'a quote or comment is not closed'],
    ['t.a = $q$ open = :org', 'a quote or comment is not closed'],
    ['t.a = $1', 'it holds a parameter other than :org'],
    ["t.a = ':org' -- '\n AND t.b = $2", 'it holds a parameter other than :org'],
  ])('refuses what is more than one expression: %s', (declared, problem) => {
    expect(filled(declared)).toBe(`problem: ${problem}`)
  })

  it('takes a replacement as it is, dollar signs included', () => {
    const result = withOrg('t.a = :org', "'$&$1'")
    expect(result).toEqual({ ok: true, sql: "t.a = '$&$1'" })
  })
})
