import type { Settings } from '../config/settings.js'
import type { Finding } from '../domain/finding.js'
import type { Outside } from '../outside/call.js'
import { Participants } from '../participants/participants.js'
import { UNRECORDED } from '../participants/participant-run.js'

/** What participants have against a move that is only planned. Nothing is recorded. */
export async function checkParticipants(settings: Settings, outside: Outside, request: { readonly org: string; readonly source: string; readonly target: string; readonly signal: AbortSignal }): Promise<readonly Finding[]> {
  const { signal, ...names } = request
  return new Participants({ participants: settings.participants, outside, move: { moveId: null, epoch: 0n, ...names }, journal: UNRECORDED, progress: () => undefined, signal }).check()
}
