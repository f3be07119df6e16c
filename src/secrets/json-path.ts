/**
 * The part of SQL/JSON paths by which secrets in documents are named: members, `[*]`, and filters `? (@.name == literal)`, in lax mode (a
 * member of an array is that of each of its elements; `[*]` of anything else is the thing itself). Syntax: PostgreSQL's documentation, "The SQL/JSON Path Language".
 */
export type JsonStep =
  | { readonly kind: 'member'; readonly name: string }
  | { readonly kind: 'elements' }
  | { readonly kind: 'filter'; readonly members: readonly string[]; readonly literal: string | number | boolean | null }

const NAME = String.raw`(?:\.\s*(?:([\p{L}_$][\p{L}\p{N}_$]*)|("(?:[^"\\]|\\.)*")))`
const MEMBER = new RegExp(`\\s*${NAME}`, 'uy')
const ELEMENTS = /\s*\[\s*\*\s*\]/y
const FILTER = /\s*\?\s*\(\s*@((?:\s*\.\s*(?:[\p{L}_$][\p{L}\p{N}_$]*|"(?:[^"\\]|\\.)*"))*)\s*==\s*("(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)\s*\)/uy

/** The steps of a path, or what is wrong with it, as text. */
export function parseJsonPath(path: string): readonly JsonStep[] | string {
  const text = path.trim()
  if (!text.startsWith('$')) return 'a path begins with $'
  const steps: JsonStep[] = []
  for (let at = 1; at < text.length; ) {
    const step = stepAt(text, at)
    if (step === null) return `a path has members, [*] and filters ? (@.name == literal), and nothing else: ${text.slice(at)}`
    steps.push(step.step)
    at = step.end
  }
  return steps
}

function stepAt(text: string, at: number): { readonly step: JsonStep; readonly end: number } | null {
  const match = (rule: RegExp): RegExpExecArray | null => {
    rule.lastIndex = at
    return rule.exec(text)
  }
  const member = match(MEMBER)
  if (member !== null) return { step: { kind: 'member', name: nameOf(member) }, end: at + member[0].length }
  const elements = match(ELEMENTS)
  if (elements !== null) return { step: { kind: 'elements' }, end: at + elements[0].length }
  const filter = match(FILTER)
  if (filter === null) return null
  const members = [...(filter[1] ?? '').matchAll(new RegExp(NAME, 'gu'))].map(nameOf)
  return { step: { kind: 'filter', members, literal: literalOf(filter[2] ?? 'null') }, end: at + filter[0].length }
}

function nameOf(match: RegExpMatchArray): string {
  return match[1] ?? String(JSON.parse(match[2] ?? '""'))
}

function literalOf(text: string): string | number | boolean | null {
  const value: unknown = JSON.parse(text)
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
}
