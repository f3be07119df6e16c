import type { JsonStep } from './json-path.js'

/** A piece of a JSON text: everything outside the values that are replaced stays as it was written, numbers and white space included. */
export interface JsonSpan {
  readonly start: number
  readonly end: number
}

type JsonNode = JsonSpan &
  (
    | { readonly kind: 'object'; readonly members: readonly { readonly name: string; readonly value: JsonNode }[] }
    | { readonly kind: 'array'; readonly elements: readonly JsonNode[] }
    | { readonly kind: 'scalar' }
  )

/** Where in the text the values of a path stand, in order, each once. Throws SyntaxError, without the text, where it is no JSON. */
export function findJson(text: string, steps: readonly JsonStep[]): readonly JsonSpan[] {
  let nodes: readonly JsonNode[] = [new JsonScanner(text).document()]
  for (const step of steps) nodes = nodes.flatMap((node) => take(text, node, step))
  return [...new Map(nodes.map(({ start, end }) => [start, { start, end }])).values()].sort((a, b) => a.start - b.start)
}

/** The text with each span replaced; spans are in order and do not overlap. */
export function spliceJson(text: string, spans: readonly JsonSpan[], replacements: readonly string[]): string {
  let [result, from] = ['', 0]
  for (const [n, { start, end }] of spans.entries()) {
    result += text.slice(from, start) + (replacements[n] ?? text.slice(start, end))
    from = end
  }
  return result + text.slice(from)
}

function take(text: string, node: JsonNode, step: JsonStep): readonly JsonNode[] {
  if (step.kind === 'elements') return node.kind === 'array' ? node.elements : [node]
  if (node.kind === 'array') return node.elements.flatMap((element) => takeOne(text, element, step))
  return takeOne(text, node, step)
}

function takeOne(text: string, node: JsonNode, step: Exclude<JsonStep, { kind: 'elements' }>): readonly JsonNode[] {
  if (step.kind === 'member') return membersNamed(node, step.name)
  let found: readonly JsonNode[] = [node]
  for (const name of step.members) found = found.flatMap((one) => (one.kind === 'array' ? one.elements.flatMap((element) => membersNamed(element, name)) : membersNamed(one, name)))
  return found.some((one) => one.kind === 'scalar' && JSON.parse(text.slice(one.start, one.end)) === step.literal) ? [node] : []
}

function membersNamed(node: JsonNode, name: string): readonly JsonNode[] {
  return node.kind === 'object' ? node.members.filter((member) => member.name === name).map(({ value }) => value) : []
}

const SCALAR = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/sy
const SPACE = /[ \t\r\n]*/y

/** RFC 8259, as PostgreSQL accepts it: what came from a json or jsonb column is valid. */
class JsonScanner {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): JsonNode {
    const node = this.#value()
    this.#space()
    if (this.#at < this.#text.length) throw new SyntaxError('the document does not end where its value does')
    return node
  }

  #value(): JsonNode {
    this.#space()
    const start = this.#at
    if (this.#accept('{')) {
      const members = this.#list('}', () => {
        const { start: from, end } = this.#scalar()
        this.#space()
        this.#expect(':')
        return { name: String(JSON.parse(this.#text.slice(from, end))), value: this.#value() }
      })
      return { kind: 'object', members, start, end: this.#at }
    }
    if (this.#accept('[')) return { kind: 'array', elements: this.#list(']', () => this.#value()), start, end: this.#at }
    return this.#scalar()
  }

  #list<T>(close: string, item: () => T): readonly T[] {
    const items: T[] = []
    this.#space()
    if (this.#accept(close)) return items
    do {
      this.#space()
      items.push(item())
      this.#space()
    } while (this.#accept(','))
    this.#expect(close)
    return items
  }

  #scalar(): JsonNode & { readonly kind: 'scalar' } {
    const start = this.#at
    SCALAR.lastIndex = start
    const found = SCALAR.exec(this.#text)
    if (found === null) throw new SyntaxError('the document has no value where one must stand')
    this.#at += found[0].length
    return { kind: 'scalar', start, end: this.#at }
  }

  #space(): void {
    SPACE.lastIndex = this.#at
    this.#at += SPACE.exec(this.#text)?.[0].length ?? 0
  }

  #accept(token: string): boolean {
    if (this.#text[this.#at] !== token) return false
    this.#at += 1
    return true
  }

  #expect(token: string): void {
    if (!this.#accept(token)) throw new SyntaxError(`the document has no ${token} where one must stand`)
  }
}
