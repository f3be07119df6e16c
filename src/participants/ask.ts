import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import type { ParticipantSettings } from '../config/settings.js'
import type { ParticipantVerb } from '../domain/vocabulary.js'
import { answerSchema, readAnswer } from '../outside/answer.js'
import type { Outside } from '../outside/call.js'
import { CallFailure } from '../outside/call-failure.js'

const PROTOCOL = 1
const FIRST_GAP_MS = 500
const LONGEST_GAP_MS = 30_000
const MOST_FACTS = 30

const fact = z.union([z.string().max(500), z.number(), z.boolean()])
const answer = answerSchema.extend({
  /** Of a refusal: whether the same call may go well a moment later. */
  retry: z.boolean().optional(),
  facts: z.record(z.string().max(60), fact).refine((facts) => Object.keys(facts).length <= MOST_FACTS).optional(),
  warnings: z.array(z.string().max(2_000)).max(50).optional(),
  lag: z.number().min(0).optional(),
  equal: z.boolean().optional(),
})
export type ParticipantAnswer = z.infer<typeof answer>

/** What must be in the answer to one verb, beside what all have. */
const NEEDED: Partial<Record<ParticipantVerb, 'lag' | 'equal'>> = { lag: 'lag', verify: 'equal' }

/** Which move the question is about. */
export interface MoveFacts {
  /** Null in a dry run. */
  readonly moveId: string | null
  /** Raised whenever another process takes the move over: a participant may refuse an older one. */
  readonly epoch: bigint
  readonly org: string
  readonly source: string
  readonly target: string
}

export interface Question {
  readonly participant: ParticipantSettings
  readonly verb: ParticipantVerb
  readonly run: number
  readonly move: MoveFacts
  readonly outside: Outside
  readonly signal: AbortSignal
  readonly onRetry: (why: string) => void
}

/** The participant was asked, and this is not the answer that the move needs. */
export class ParticipantFailure extends Error {
  constructor(
    message: string,
    readonly isTransient: boolean,
    readonly attempts: number,
  ) {
    super(message)
    this.name = 'ParticipantFailure'
  }
}

/**
 * One question, asked again under the same idempotency key where it failed for a moment: then after 0.5 s, 1 s, 2 s, … Throws ParticipantFailure;
 * the signal's reason when aborted.
 */
export async function ask(question: Question): Promise<{ readonly answer: ParticipantAnswer; readonly attempts: number }> {
  const { participant, signal, onRetry } = question
  for (let attempts = 1; ; attempts += 1) {
    try {
      return { answer: await askOnce(question, attempts), attempts }
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof ParticipantFailure)) throw error
      if (!error.isTransient || attempts > participant.retries) throw error
      onRetry(error.message)
      await sleep(Math.min(FIRST_GAP_MS * 2 ** (attempts - 1), LONGEST_GAP_MS), undefined, { signal })
    }
  }
}

async function askOnce({ participant, verb, run, move, outside, signal }: Question, attempts: number): Promise<ParticipantAnswer> {
  const { moveId, epoch, org, source, target } = move
  const idempotencyKey = `${moveId ?? 'plan'}/${participant.name}/${verb}/${run}`
  const text = await outside
    .call({
      callee: participant.callee,
      purpose: `participant ${participant.name}`,
      input: { protocol: PROTOCOL, participant: participant.name, verb, moveId, epoch: Number(epoch), org, source, target, idempotencyKey, run, attempt: attempts, options: participant.options },
      variables: { ORG_MOVER_VERB: verb, ORG_MOVER_PARTICIPANT: participant.name, ORG_MOVER_MOVE_ID: moveId ?? '', ORG_MOVER_ORG: org, ORG_MOVER_SOURCE: source, ORG_MOVER_TARGET: target },
      timeoutMs: participant.timeoutsMs.get(verb) ?? participant.timeoutMs,
      idempotencyKey,
      signal,
    })
    .catch((error: unknown) => {
      if (error instanceof CallFailure) throw new ParticipantFailure(error.message, error.isTransient, attempts)
      throw error
    })
  const answered = understood(verb, text, attempts)
  if (answered.ok) return answered
  throw new ParticipantFailure(`it refused${answered.message === undefined ? '' : `: ${outside.redact(answered.message)}`}`, answered.retry === true, attempts)
}

function understood(verb: ParticipantVerb, text: string, attempts: number): ParticipantAnswer {
  try {
    const answered = readAnswer(answer, verb, text)
    const needed = NEEDED[verb]
    if (answered.ok && needed !== undefined && answered[needed] === undefined) throw new Error(`its answer does not fit the protocol (member ${needed})`)
    return answered
  } catch (error) {
    throw new ParticipantFailure(error instanceof Error ? error.message : 'its answer does not fit the protocol', false, attempts)
  }
}
