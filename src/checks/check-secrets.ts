import type { SecretRule } from '../domain/dictionary.js'
import { finding } from '../domain/finding.js'
import type { Finding } from '../domain/finding.js'
import type { Unit } from '../domain/ownership.js'
import { isExempt, isOwned } from '../domain/ownership.js'
import type { Side } from '../domain/vocabulary.js'
import { isSameKey } from '../secrets/keyring.js'
import type { Keyring } from '../secrets/keyring.js'

export interface SecretsRequest {
  readonly source: string
  readonly target: string
  readonly units: readonly Unit[]
  /** The keyring of one side; null where the configuration names none. */
  readonly keyring: (side: Side) => Promise<Keyring | null>
}

/**
 * Secret columns travel as they are stored, which the target can read only with the same key: any other is an error, as is a
 * column that is to be encrypted on the way. Reads the keyrings only where a moving column is declared secret.
 */
export async function checkSecrets(request: SecretsRequest): Promise<readonly Finding[]> {
  const secrets = request.units
    .filter((unit) => isOwned(unit) || isExempt(unit, 'shared') || isExempt(unit, 'lookup'))
    .flatMap((unit) => Object.entries(unit.declared.columns).flatMap(([column, rule]) => (rule.kind === 'secret' ? rule.secrets.map((secret) => ({ unit, column, secret })) : [])))
  if (secrets.length === 0) return []
  const [from, to] = [await request.keyring('source'), await request.keyring('target')]
  return secrets.flatMap(({ unit, column, secret }) => {
    const problem = problemOf(secret, from, to, request)
    if (problem === null) return []
    const place = { cell: request.source, database: unit.id.database, schema: unit.id.schema, table: unit.id.name }
    return [finding('OM2114', 'error', place, { message: `secret column ${column}: ${problem.message}`, hint: problem.hint })]
  })
}

function problemOf(secret: SecretRule, from: Keyring | null, to: Keyring | null, names: { readonly source: string; readonly target: string }): { readonly message: string; readonly hint: string } | null {
  if (secret.codec === 'plaintext') return { message: 'it is to be encrypted on the way, which this version does not do', hint: 'encrypt the column on the source first, or remove the declaration to move it as it is' }
  const [here, there] = [from?.get(secret.key), to?.get(secret.key)]
  if (here === undefined || there === undefined) {
    return { message: `the keyring of ${here === undefined ? names.source : names.target} has no key ${secret.key}`, hint: 'name a keyring for both cells, with this key' }
  }
  if (isSameKey(here, there)) return null
  return { message: `the two cells declare different values of key ${secret.key}, and this version does not re-encrypt`, hint: 'give both cells the same key for the move; every version of the source must be on the target' }
}
