import { qualified } from '../postgres/quote.js'

/** Names of what one move creates in a cell's database: all of them bear the move id's 32 hex digits, so that clean-up finds each. */

const SCHEMA = 'org_mover'

export function moveHex(moveId: string): string {
  return moveId.replaceAll('-', '')
}

export function keySetRelation(moveId: string, no: number): string {
  return qualified({ schema: SCHEMA, name: `keys_${moveHex(moveId)}_${no}` })
}

export function mapRelation(moveId: string, lookupNo: number): string {
  return qualified({ schema: SCHEMA, name: `map_${moveHex(moveId)}_${lookupNo}` })
}

/** Keys of the rows of a shared table that go along. */
export function sharedRelation(moveId: string, tableNo: number): string {
  return qualified({ schema: SCHEMA, name: `shared_${moveHex(moveId)}_${tableNo}` })
}

export function fenceFunction(moveId: string, tableNo: number): string {
  return qualified({ schema: SCHEMA, name: `fence_${moveHex(moveId)}_${tableNo}` })
}

/** `new` and `old` reject by that version of a row; `skip` leaves rows out of the statements of a session that asks for it. */
export type FenceTrigger = 'new' | 'old' | 'skip' | 'truncate'

export function fenceTrigger(moveId: string, kind: FenceTrigger): string {
  return `org_mover_${moveHex(moveId)}_${kind}`
}


const APPLICATION = 'org-mover'

/** What the mover's sessions call themselves: the move and, so that a take-over can end its predecessor's, the epoch. */
export function applicationName(moveId: string | null, epoch?: bigint): string {
  return moveId === null ? APPLICATION : `${APPLICATION} ${moveId}${epoch === undefined ? '' : ` e${epoch}`}`
}
