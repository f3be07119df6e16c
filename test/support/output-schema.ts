import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { ValidateFunction } from 'ajv/dist/2020.js'
import type { CheckDocument, DiscoverDocument, DoneDocument, ListDocument, MoveDocument, PlanDocument } from '../../src/domain/documents.js'
import type { ReportDocument } from '../../src/domain/report.js'

/** What each command prints with --json. `status` is asked for one move here, `discover` without --check. */
export interface Documents {
  init: DoneDocument
  route: DoneDocument
  doctor: CheckDocument
  discover: DiscoverDocument
  plan: PlanDocument
  move: MoveDocument
  resume: MoveDocument
  status: MoveDocument
  verify: MoveDocument
  abort: MoveDocument
  purge: MoveDocument
  list: ListDocument
  pause: MoveDocument
  report: ReportDocument
}

export type CommandName = keyof Documents

const SCHEMA_OF: Readonly<Record<CommandName, string>> = {
  init: 'done', route: 'done', doctor: 'check', discover: 'discover', plan: 'plan', list: 'list',
  move: 'move', resume: 'move', status: 'move', verify: 'move', abort: 'move', purge: 'move', pause: 'move', report: 'report',
}

const SCHEMAS = new URL('../../schema/output/', import.meta.url)
const ajv = new Ajv2020({ allErrors: true, strict: false })
const validators = new Map<string, ValidateFunction>()

/** The one document on stdout, held against the published JSON Schema of the command. Throws where it does not fit. */
export function documentOf<C extends CommandName>(command: C, stdout: string): Documents[C] {
  const document: Documents[C] = JSON.parse(stdout)
  const name = SCHEMA_OF[command]
  const validate = validators.get(name) ?? ajv.compile<unknown>(JSON.parse(readFileSync(new URL(`${name}.schema.json`, SCHEMAS), 'utf8')))
  validators.set(name, validate)
  if (validate(document)) return document
  throw new Error(`what ${command} printed is not a ${name} document: ${ajv.errorsText(validate.errors)}\n${stdout.slice(0, 2000)}`)
}
