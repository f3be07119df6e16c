import { readFileSync } from 'node:fs'
import { bug } from '../domain/errors.js'

const cache = new Map<string, string>()

/**
 * One statement of the `sql/` folder by its path without ending, e.g. `sql('freeze/lock-guard')`. `parts` fill the file's
 * `{{name}}` places; they are SQL text made by quote.ts or by another compiler of ours, never input. Values travel as `$n`.
 */
export function sql(name: string, parts: Readonly<Record<string, string>> = {}): string {
  const template = statement(name)
  const used = new Set<string>()
  const text = template.replaceAll(/\{\{(\w+)\}\}/g, (_, part: string) => {
    const value = parts[part]
    if (value === undefined) throw bug(`sql/${name}.sql has a place {{${part}}} that nothing fills`)
    used.add(part)
    return value
  })
  for (const part of Object.keys(parts)) {
    if (!used.has(part)) throw bug(`sql/${name}.sql has no place {{${part}}}`)
  }
  return text
}

function statement(name: string): string {
  const known = cache.get(name)
  if (known !== undefined) return known
  const file = readFileSync(new URL(`../../sql/${name}.sql`, import.meta.url), 'utf8')
  const text = file.replace(/^(?:--[^\n]*\n|\s*\n)+/, '').trim()
  cache.set(name, text)
  return text
}
