import { pathToFileURL } from 'node:url'
import { MoverError } from '../domain/errors.js'
import type { Codec } from './codec.js'
import { builtInCodecs } from './codecs/built-in-codecs.js'
import { DIGEST } from './codecs/digest.js'
import { wrapOwnCodec } from './own-codec.js'
import type { OwnCodec } from './own-codec.js'

/**
 * The codecs that declarations may name: our own and those of the modules named in the configuration (absolute paths). Throws OM1001 with
 * every module that cannot be used and why. Runs the operator's code.
 */
export async function loadCodecs(files: readonly string[]): Promise<ReadonlyMap<string, Codec>> {
  const codecs = new Map(builtInCodecs)
  const problems: string[] = []
  for (const file of files) {
    const loaded = await loadOwnCodec(file)
    const problem = typeof loaded === 'string' ? loaded : clash(loaded.name, codecs)
    if (problem !== null) problems.push(`  ${file}: ${problem}`)
    else if (typeof loaded !== 'string') codecs.set(loaded.name, wrapOwnCodec(loaded))
  }
  if (problems.length === 0) return codecs
  throw new MoverError({
    code: 'OM1001',
    message: `codec modules named under secrets.codecs cannot be used:\n${problems.join('\n')}`,
    hint: 'correct the modules; examples/codec-template.mjs shows the form, docs/secrets.md describes it',
    retry: 'after-fix',
  })
}

/** The codec, or what is wrong with the module. */
async function loadOwnCodec(file: string): Promise<OwnCodec | string> {
  let module: unknown
  try {
    module = await import(pathToFileURL(file).href)
  } catch (thrown) {
    return `it cannot be loaded (${thrown instanceof Error ? thrown.message : 'it threw something that is no error'})`
  }
  const exported = isRecord(module) ? module['default'] : undefined
  return exported === undefined ? 'it has no default export' : (shapeProblem(exported) ?? (exported as OwnCodec))
}

function shapeProblem(exported: unknown): string | null {
  if (!isRecord(exported)) return 'its default export is no object'
  const wrong = [
    ...(typeof exported['name'] === 'string' && /^[\w.-]+$/.test(exported['name']) ? [] : ['name must be text of letters, digits, `-`, `_` and `.`']),
    ...['decrypt', 'encrypt'].filter((member) => typeof exported[member] !== 'function').map((member) => `${member} must be a function`),
    ...['siblings', 'problems'].filter((member) => exported[member] !== undefined && typeof exported[member] !== 'function').map((member) => `${member} must be a function, or left out`),
  ]
  return wrong.length === 0 ? null : `its default export is not of the form {name, decrypt, encrypt}: ${wrong.join('; ')}`
}

function clash(name: string, codecs: ReadonlyMap<string, Codec>): string | null {
  if (name === DIGEST || builtInCodecs.has(name)) return `the name ${name} is that of a codec of org-mover`
  return codecs.has(name) ? `the name ${name} is that of another module` : null
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
