/**
 * Declared SQL (`where`, `when`) with its one parameter, the token `:org`. Only what stands outside quotes and comments is
 * looked at; `::` is a cast.
 */
export type DeclaredSql = { readonly ok: true; readonly sql: string } | { readonly ok: false; readonly problem: string }

/**
 * Puts `replacement` in the place of every `:org` and a space in that of every comment. Refuses text that is more than one
 * expression: a semicolon, a bracket that closes what the text did not open, an unfinished quote or comment, or a parameter of its own.
 */
export function withOrg(declared: string, replacement: string): DeclaredSql {
  let sql = ''
  let depth = 0
  for (const { kind, text } of tokens(declared)) {
    if (kind === 'open') return { ok: false, problem: 'a quote or comment is not closed' }
    if (kind === 'parameter') return { ok: false, problem: 'it holds a parameter other than :org' }
    if (text === ';') return { ok: false, problem: 'it holds a semicolon' }
    if (text === '(') depth += 1
    if (text === ')') depth -= 1
    if (depth < 0) return { ok: false, problem: 'it closes a bracket that it did not open' }
    sql += kind === 'org' ? replacement : kind === 'comment' ? ' ' : text
  }
  return depth > 0 ? { ok: false, problem: 'a bracket is not closed' } : { ok: true, sql }
}

interface Token {
  /** `open` is a quote or comment that is not closed. */
  readonly kind: 'quoted' | 'comment' | 'open' | 'org' | 'parameter' | 'other'
  readonly text: string
}

/** PostgreSQL's lexical rules under standard_conforming_strings, first fit first; an identifier is one token, so that nothing in it looks like another. */
const RULES: readonly (readonly [Token['kind'], RegExp])[] = [
  ['quoted', /[eE]'(?:[^'\\]|\\[^]|'')*'/y],
  ['open', /[eE]'/y],
  ['quoted', /'(?:[^']|'')*'/y],
  ['quoted', /"(?:[^"]|"")*"/y],
  ['quoted', /\$((?:[A-Za-z_\u0080-\uFFFF][\w\u0080-\uFFFF]*)?)\$[^]*?\$\1\$/y],
  ['open', /['"]|\$(?:[A-Za-z_\u0080-\uFFFF][\w\u0080-\uFFFF]*)?\$/y],
  ['comment', /--[^\n\r]*/y],
  ['other', /::/y],
  ['org', /:org(?![\w$\u0080-\uFFFF])/y],
  ['parameter', /\$\d+/y],
  ['other', /[\w\u0080-\uFFFF][\w$\u0080-\uFFFF]*|[^]/y],
]

function* tokens(text: string): Generator<Token> {
  for (let at = 0; at < text.length; ) {
    const token = text.startsWith('/*', at) ? commentAt(text, at) : tokenAt(text, at)
    yield token
    at += token.text.length
  }
}

function tokenAt(text: string, at: number): Token {
  for (const [kind, rule] of RULES) {
    rule.lastIndex = at
    const found = rule.exec(text)
    if (found !== null) return { kind, text: found[0] }
  }
  return { kind: 'other', text: text.charAt(at) }
}

/** Comments nest, which no regular expression follows. */
function commentAt(text: string, start: number): Token {
  const edge = /\/\*|\*\//g
  edge.lastIndex = start
  for (let depth = 0; ; ) {
    const found = edge.exec(text)
    if (found === null) return { kind: 'open', text: text.slice(start) }
    depth += found[0] === '/*' ? 1 : -1
    if (depth === 0) return { kind: 'comment', text: text.slice(start, edge.lastIndex) }
  }
}
