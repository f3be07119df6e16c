import type { TableShape } from '../domain/move-plan.js'
import type { Side } from '../domain/vocabulary.js'
import type { Session } from '../postgres/session.js'
import { fingerprint, isSame, projectedText, storedText } from './fingerprint.js'
import type { Fingerprint } from './fingerprint.js'
import type { RowSource } from './owned-rows.js'
import type { MapRelation } from './projection.js'
import { secretFingerprint } from './secret-digests.js'
import type { SideRows } from './secret-digests.js'
import type { SecretPass } from './secret-pass.js'

/** How a table's rows are compared between the two sides. */
export interface Comparison {
  readonly table: TableShape & { readonly binary?: boolean }
  readonly map: MapRelation
  /** Null for a table without secrets. */
  readonly secrets: SecretPass | null
  readonly seeds: readonly [string, string]
}

/** Fingerprint of one side's rows as the target must hold them: equal on both sides where nothing differs. Ciphertexts differ, so their plaintexts stand for them. */
export async function sideFingerprint({ table, map, secrets, seeds }: Comparison, from: SideRows): Promise<Fingerprint> {
  const hidden = secrets?.hidden ?? []
  const found = await fingerprint(from.session, from.side === 'source' ? projectedText(table, map, hidden) : storedText(table, hidden), from.rows, seeds)
  return secrets === null || secrets.secrets.length === 0 ? found : { ...found, secrets: await secretFingerprint(table, secrets, map, from) }
}

/** The same rows read again on both sides at once. */
export interface Compared {
  readonly sent: Fingerprint
  readonly held: Fingerprint
  readonly same: boolean
  /** The source's rows that this speaks of. */
  readonly from: RowSource
}

export async function compareSides(comparison: Comparison, sessions: Readonly<Record<Side, Session>>, rows: Readonly<Record<Side, RowSource>>): Promise<Compared> {
  const of = (side: Side): Promise<Fingerprint> => sideFingerprint(comparison, { session: sessions[side], side, rows: rows[side] })
  const [sent, held] = await Promise.all([of('source'), of('target')])
  return { sent, held, same: isSame(sent, held), from: rows.source }
}
