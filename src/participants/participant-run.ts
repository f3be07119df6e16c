import type { ParticipantVerb } from '../domain/vocabulary.js'

/** Numbers and words that a participant wants to be seen: files, bytes, a position. Never a secret. */
export type Facts = Readonly<Record<string, string | number | boolean>>

/** The last run of one verb of one participant, as the journal has it. */
export interface ParticipantRun {
  readonly participant: string
  readonly verb: ParticipantVerb
  /** Counts from 1; raised when the verb is run again after it had ended. Part of the idempotency key. */
  readonly run: number
  readonly state: 'running' | 'done' | 'failed'
  /** Calls that this run took. */
  readonly attempts: number
  readonly facts: Facts
  readonly error: string | null
  readonly started_at: Date
  readonly seconds: number
}

export interface RunEnd {
  readonly state: 'done' | 'failed'
  readonly attempts: number
  readonly facts: Facts
  readonly error: string | null
}

/** The durable record of what participants did. Its writes fail with OM3005 once another process drives the move. */
export interface ParticipantJournal {
  participantRuns(): Promise<readonly ParticipantRun[]>
  /** Yields the run: that of a driver that died in it, or a new one. */
  beginParticipant(participant: string, verb: ParticipantVerb): Promise<number>
  endParticipant(participant: string, verb: ParticipantVerb, end: RunEnd): Promise<void>
}

/** For a dry run, which leaves no record. */
export const UNRECORDED: ParticipantJournal = { participantRuns: async () => [], beginParticipant: async () => 1, endParticipant: async () => undefined }
