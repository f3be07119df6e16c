import { MoverError } from '../domain/errors.js'
import type { DiscoverInput } from './discover.js'
import { lintDictionary } from './lint-dictionary.js'

/** Names where it was declared. */
const WITH_PLACE = /\.ya?ml(?::\d| tenancy)/

/**
 * Nothing goes on with files of the dictionary that cannot be read as such. Throws OM1003, which lists beside those problems whatever
 * the cell's catalog shows to be wrong with the other files, so that all of it can be corrected at once.
 */
export async function assertDictionary(input: DiscoverInput): Promise<void> {
  const { problems } = input.settings.tenancy
  if (problems.length === 0) return
  // a cell that cannot be asked must not hide what is known without it
  const linted = await lintDictionary(input).catch(() => null)
  const findings = (linted?.findings ?? []).filter((found) => found.severity === 'error')
  const lines = linted === null ? problems : findings.filter(({ message }) => WITH_PLACE.test(message)).map(({ message }) => message)
  throw new MoverError({
    code: 'OM1003',
    message: `the dictionary has ${lines.length === 1 ? 'a problem' : `${lines.length} problems`}; nothing was changed:\n${lines.map((line) => `  ${line}`).join('\n')}`,
    hint: 'correct the files and lines listed and run the command again',
    retry: 'after-fix',
    findings,
  })
}
