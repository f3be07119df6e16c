/**
 * Declared SQL (`where`, `when`) with its one parameter, the token `:org`. Only what stands outside quotes and comments is
 * looked at; `::` is a cast.
 */
export type DeclaredSql = { readonly ok: true; readonly sql: string } | { readonly ok: false; readonly problem: string }

const TOKEN = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\/|::|:org\b|[();]|\$\d+/g

/**
 * Puts `replacement` in the place of every `:org`. Refuses text that is more than one expression: a semicolon, a bracket that
 * closes what the text did not open, an unfinished quote or comment, or a parameter of its own.
 */
export function withOrg(declared: string, replacement: string): DeclaredSql {
  let depth = 0
  let problem: string | null = null
  const rest = declared.replaceAll(TOKEN, (token) => (token === ':org' || token.length === 1 || token === '::' ? token : ' '))
  if (/['"]|\/\*/.test(rest)) problem = 'a quote or comment is not closed'
  const sql = declared.replaceAll(TOKEN, (token) => {
    if (token === ';') problem ??= 'it holds a semicolon'
    if (/^\$\d+$/.test(token)) problem ??= 'it holds a parameter other than :org'
    if (token === '(') depth += 1
    if (token === ')') depth -= 1
    if (depth < 0) problem ??= 'it closes a bracket that it did not open'
    if (token.startsWith('--') || token.startsWith('/*')) return ' '
    return token === ':org' ? replacement : token
  })
  if (depth > 0) problem ??= 'a bracket is not closed'
  return problem === null ? { ok: true, sql } : { ok: false, problem }
}
