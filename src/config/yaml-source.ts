import { isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import type { Document, Node, Scalar, YAMLMap } from 'yaml'
import type { Problem } from './problems.js'

/** Of one file: who reads more? */
const MOST_PROBLEMS = 100
/** `<<` merges, and may stand twice. */
const MERGE = '<<'

export type Environment = Readonly<Record<string, string | undefined>>

export interface YamlSource {
  /** Plain data; `undefined` where the text is not YAML. */
  readonly data: unknown
  /** Problems of syntax, and variables that are not set. */
  readonly problems: readonly Problem[]
  /** Paths whose value is unknown for want of a variable: what a schema says about them is noise. */
  readonly unresolved: readonly (readonly PropertyKey[])[]
  /** `file:line` of the key at `path`, or of the nearest one above it. */
  placeOf(path: readonly PropertyKey[]): string
}

/**
 * YAML as data with positions. `${NAME}` in values is replaced from `env` where one is given. Numbers that JavaScript would
 * alter (fractions, integers beyond 2^53) keep their text: 1.10 must not become 1.1 on its way into a column.
 */
export function readYaml(file: string, text: string, env: Environment | null): YamlSource {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, logLevel: 'error', uniqueKeys: false })
  const placeAt = (offset: number): string => `${file}:${lines.linePos(offset).line}`
  const placeOf = (path: readonly PropertyKey[]): string => placeAt(offsetOf(document.contents, path))
  if (document.errors.length > 0) {
    return { data: undefined, problems: document.errors.map((e) => ({ place: placeAt(e.pos[0]), path: [], text: syntaxProblem(e.code) })), unresolved: [], placeOf }
  }
  const missing: { readonly name: string; readonly path: readonly PropertyKey[] }[] = []
  const keys: Problem[] = []
  visit(document, {
    Map(_, node) {
      for (const { key, text: problem } of wrongKeys(node)) keys.push({ place: placeAt(startOf(key) ?? 0), path: [], text: problem })
    },
    Scalar(key, node, ancestors) {
      keepDigits(node)
      if (env === null || key === 'key') return
      for (const name of expand(node, env)) missing.push({ name, path: pathOf(node, ancestors) })
    },
  })
  if (keys.length > 0) return { data: undefined, problems: keys.slice(0, MOST_PROBLEMS), unresolved: [], placeOf }
  const { data, problems } = toData(document, placeAt(0))
  return {
    data,
    problems: [...problems, ...missing.map(({ name, path }) => ({ place: placeOf(path), path, text: `the environment variable ${name} is not set` }))],
    unresolved: missing.map(({ path }) => path),
    placeOf,
  }
}

/**
 * Keys that stand twice, and the one that no object keeps as its own everywhere: a rule under it would be lost in silence. In time that grows with
 * the keys: the parser's own search for the first kind compares each with each, minutes for a long file.
 */
function wrongKeys({ items }: YAMLMap): readonly { readonly key: unknown; readonly text: string }[] {
  const seen = new Set<string>()
  return items.flatMap(({ key }) => {
    if (!isScalar(key) || key.value === MERGE || typeof key.value === 'symbol') return []
    const text = keyText(key)
    if (text === '__proto__') return [{ key, text: 'the key __proto__ cannot be used' }]
    if (seen.has(text)) return [{ key, text: syntaxProblem('DUPLICATE_KEY') }]
    seen.add(text)
    return []
  })
}

/** An alias without anchor and an alias bomb show only here. */
function toData(document: Document.Parsed, place: string): { readonly data: unknown; readonly problems: readonly Problem[] } {
  try {
    return { data: document.toJS() as unknown, problems: [] }
  } catch {
    return { data: undefined, problems: [{ place, path: [], text: 'is not valid YAML (unresolved or excessive aliases)' }] }
  }
}

function keepDigits(node: Scalar): void {
  if (typeof node.value === 'number' && node.source !== undefined && !Number.isSafeInteger(node.value)) node.value = node.source
}

/** Replaces variables in place; yields the names of those that are not set. */
function expand(node: Scalar, env: Environment): readonly string[] {
  if (typeof node.value !== 'string' || !node.value.includes('${')) return []
  const missing: string[] = []
  const isWhole = node.type === 'PLAIN' && /^\$\{\w+\}$/.test(node.value)
  const text = node.value.replaceAll(/\$\{([A-Za-z_]\w*)\}/g, (whole, name: string) => {
    const value = env[name]
    if (value === undefined) missing.push(name)
    return value ?? whole
  })
  node.value = isWhole ? plainValue(text) : text
  return missing
}

/** `jobs: ${JOBS}` is a number where the variable holds one; in quotes it stays text. */
function plainValue(text: string): string | number | boolean {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  return text === 'true' ? true : text === 'false' ? false : text
}

function pathOf(node: Node, ancestors: readonly unknown[]): readonly PropertyKey[] {
  const chain = [...ancestors, node]
  return chain.flatMap((ancestor, index): PropertyKey[] => {
    if (isPair(ancestor)) return [keyText(ancestor.key)]
    return isSeq(ancestor) ? [ancestor.items.indexOf(chain[index + 1])] : []
  })
}

function keyText(key: unknown): string {
  return String(isScalar(key) ? key.value : key)
}

function offsetOf(root: unknown, path: readonly PropertyKey[]): number {
  let node = root
  let offset = startOf(root) ?? 0
  for (const segment of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => keyText(item.key) === String(segment))
      if (pair === undefined) break
      offset = startOf(pair.key) ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(segment)]
      offset = startOf(node) ?? offset
    } else break
  }
  return offset
}

function startOf(node: unknown): number | undefined {
  return (node as { readonly range?: readonly number[] | null } | null | undefined)?.range?.[0]
}

/** By code only: the parser's own messages quote the text, which may be a credential. */
function syntaxProblem(code: string): string {
  const known: Readonly<Record<string, string>> = {
    DUPLICATE_KEY: 'the same key stands twice',
    BAD_INDENT: 'wrong indentation',
    TAB_AS_INDENT: 'tabs cannot indent in YAML: use spaces',
    BLOCK_AS_IMPLICIT_KEY: 'a mapping cannot begin here (quote the value if it holds ": ")',
    MISSING_CHAR: 'a character is missing (a quote, a bracket, or a space after ":")',
    UNEXPECTED_TOKEN: 'something is left over on this line (quote the value if it holds quotes, "#" or ": ")',
  }
  return `is not valid YAML: ${known[code] ?? code.toLowerCase().replaceAll('_', ' ')}`
}
