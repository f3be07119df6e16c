import { z } from 'zod'
import { configJsonSchema } from '../config/json-schema.js'
import { programVersion } from '../config/program-version.js'
import { ERROR_CATALOGUE } from '../domain/error-catalogue.js'
import type { CatalogueEntry } from '../domain/error-catalogue.js'
import { EXIT_CODES } from '../domain/exit-code.js'
import { commandTree } from './command-tree.js'
import { manualPage } from './man-page.js'
import { createProgram, EXAMPLES } from './program.js'
import { OUTPUT_SCHEMAS, PRINTED_BY } from './output-schemas.js'
import type { DocumentKind } from './invocation.js'
import { Usage } from './usage.js'

/** Files of the repository that follow from the code, by path from its root; a test holds the committed ones against these. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const schemas = (Object.keys(OUTPUT_SCHEMAS) as DocumentKind[]).map((kind): [string, string] => [`schema/output/${kind}.schema.json`, outputJsonSchema(kind)])
  return new Map([['docs/errors.md', errorsMarkdown()], ['schema/config.schema.json', configJsonSchema()], ['man/org-mover.1', manual()], ...schemas])
}

function manual(): string {
  const program = commandTree(createProgram({ usage: new Usage(), print: () => undefined, run: () => undefined }))
  return manualPage(program, { version: programVersion(), exitCodes: EXIT_CODES, examples: ({ path }) => EXAMPLES.get(path.join(' ')) ?? [] })
}

/** Read as input, zod asks for every field and allows further ones: what documents promise. */
function outputJsonSchema(kind: DocumentKind): string {
  const schema = { title: `org-mover --json: ${PRINTED_BY[kind]}`, ...z.toJSONSchema(OUTPUT_SCHEMAS[kind], { io: 'input' }) }
  return `${JSON.stringify(schema, null, 2)}\n`
}

const AREAS: readonly (readonly [string, string])[] = [
  ['OM1', 'Usage and configuration'],
  ['OM2', 'Preconditions and findings'],
  ['OM3', 'Database and transport'],
  ['OM4', 'Verification'],
  ['OM5', 'Cutover'],
  ['OM6', 'Purge'],
  ['OM9', 'Failures of org-mover itself'],
]

function errorsMarkdown(): string {
  const sections = AREAS.flatMap(([prefix, title]) => [`## ${title}`, '', ...errorsOf(prefix)])
  const intro = [
    '# Errors and findings',
    '',
    'Every code that a command can end with, or a finding can carry. A command that ends with a code exits with the number',
    'beside it; a finding of severity `error` exits with 3, one of severity `warning` changes nothing. Generated from',
    '`src/domain/error-catalogue.ts` by `npm run docs:generate`.',
    '',
  ]
  return `${[...intro, ...sections].join('\n').trimEnd()}\n`
}

function errorsOf(prefix: string): readonly string[] {
  const entries = Object.entries<CatalogueEntry>(ERROR_CATALOGUE).filter(([code]) => code.startsWith(prefix))
  return entries.flatMap(([code, { title, cause, remedy, exit }]) => [`### ${code} ${title}`, '', `${cause} *Exit ${exit}.*`, '', `What to do: ${remedy}`, ''])
}
