import type { z } from 'zod'
import type { Problem } from './problems.js'
import type { YamlSource } from './yaml-source.js'

interface Issue {
  readonly path: readonly PropertyKey[]
  readonly text: string
  /** The value as a whole is of the wrong type, so that nothing below it was looked at. */
  readonly isWrongType: boolean
}

/** What the schema has against the data, by line, without any value. */
export function schemaProblems(error: z.ZodError, source: YamlSource): readonly Problem[] {
  return error.issues
    .flatMap(flatten)
    .filter(({ path }) => !source.unresolved.some((unresolved) => isPrefix(unresolved, path)))
    .map(({ path, text }) => ({ place: source.placeOf(path), path, text }))
}

function isPrefix(prefix: readonly PropertyKey[], path: readonly PropertyKey[]): boolean {
  return prefix.every((segment, index) => String(segment) === String(path[index]))
}

function flatten(issue: z.core.$ZodIssue): readonly Issue[] {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({ path: [...issue.path, key], text: 'unknown key', isWrongType: false }))
    case 'invalid_union':
      return closestBranch(issue)
    case 'invalid_key':
      return issue.issues.map((inner) => ({ path: issue.path, text: `the key is not valid: ${inner.message}`, isWrongType: false }))
    default:
      return [{ path: issue.path, text: sentence(issue), isWrongType: issue.code === 'invalid_type' && issue.path.length === 0 }]
  }
}

/** The alternative that the value was meant to be: the one with the least against it. */
function closestBranch(issue: z.core.$ZodIssueInvalidUnion): readonly Issue[] {
  if (issue.message !== 'Invalid input') return [{ path: issue.path, text: issue.message, isWrongType: issue.path.length === 0 }]
  const branches = issue.errors.map((errors) => errors.flatMap(flatten))
  const cost = (branch: readonly Issue[]): number => branch.length + (branch.some((inner) => inner.isWrongType) ? 1000 : 0)
  const [best] = branches.toSorted((a, b) => cost(a) - cost(b))
  if (best === undefined || best.some((inner) => inner.isWrongType)) {
    const kinds = [...new Set(branches.flat().map((inner) => inner.text.replace(/^expected /, '')))]
    return [{ path: issue.path, text: `expected ${kinds.join(', or ')}`, isWrongType: issue.path.length === 0 }]
  }
  return best.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }))
}

const KINDS: Readonly<Record<string, string>> = { object: 'a mapping', record: 'a mapping', array: 'a list', string: 'text', number: 'a number', int: 'a whole number', boolean: 'true or false', null: 'null' }

/** Our own words, or zod's, which name types and limits; neither ever holds the value. */
function sentence(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input')) {
    return issue.message.endsWith('received undefined') ? 'is required' : `expected ${KINDS[issue.expected] ?? issue.expected}`
  }
  if (issue.code === 'invalid_value' && issue.message.startsWith('Invalid')) return `expected ${issue.values.map(String).join(' or ')}`
  return issue.message
}
