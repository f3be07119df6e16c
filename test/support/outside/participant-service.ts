import { OutsideService } from './service.js'
import type { Request } from './service.js'

/** A participant of an operator's own: what it answers to a verb beside `ok`, which tests may replace. */
export interface ParticipantService extends AsyncDisposable {
  readonly service: OutsideService
  answers: Record<string, (request: Request) => Promise<Record<string, unknown>> | Record<string, unknown>>
  /** Done once, whatever is asked: idempotency keys by verb. */
  keys(verb: string): readonly string[]
}

export async function participantService(): Promise<ParticipantService> {
  const service = await OutsideService.start(async (request) => (await made.answers[request.verb]?.(request)) ?? {})
  const made: ParticipantService = {
    service,
    answers: { lag: () => ({ lag: 0 }), verify: () => ({ equal: true }), final_sync: () => ({ facts: { files: 3 } }) },
    keys: (verb) => service.seen.filter((request) => request.verb === verb).map(({ key }) => key),
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  }
  return made
}
