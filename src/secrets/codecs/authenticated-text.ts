import { z } from 'zod'
import { CodecError } from '../codec.js'
import type { CodecContext } from '../codec.js'

const PLACEHOLDER = /\{(?<name>[^{}]*)\}/g

/** Text that is authenticated beside the value: as it stands, or with {schema}, {table}, {column} and {primary_key.NAME} filled in. */
export const aadOption = z.string().refine((text) => [...text.matchAll(PLACEHOLDER)].every((match) => isKnown(match.groups?.['name'] ?? '')), {
  error: 'knows {schema}, {table}, {column} and {primary_key.NAME}',
})

const PRIMARY_KEY = 'primary_key.'

function isKnown(name: string): boolean {
  return name === 'schema' || name === 'table' || name === 'column' || name.startsWith(PRIMARY_KEY)
}

export function authenticatedText(template: string | null, context: CodecContext): Buffer | null {
  if (template === null) return null
  if (!template.includes('{')) return Buffer.from(template, 'utf8')
  return Buffer.from(template.replaceAll(PLACEHOLDER, (_, name: string) => fillIn(name, context)), 'utf8')
}

function fillIn(name: string, context: CodecContext): string {
  if (name === 'schema' || name === 'table' || name === 'column') return context[name]
  const value = context.primaryKey[name.slice(PRIMARY_KEY.length)]
  if (value === undefined) throw new CodecError('layout', 'option aad names a column that is not part of the primary key')
  return value
}
