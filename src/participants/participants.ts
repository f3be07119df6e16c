import { setTimeout as sleep } from 'node:timers/promises'
import type { ParticipantSettings } from '../config/settings.js'
import type { ErrorCode } from '../domain/error-catalogue.js'
import { MoverError } from '../domain/errors.js'
import { finding } from '../domain/finding.js'
import type { Finding } from '../domain/finding.js'
import type { ParticipantVerb } from '../domain/vocabulary.js'
import type { Progress } from '../observability/progress.js'
import type { Outside } from '../outside/call.js'
import { ask, ParticipantFailure } from './ask.js'
import type { MoveFacts, ParticipantAnswer } from './ask.js'
import type { Facts, ParticipantJournal, ParticipantRun } from './participant-run.js'

export interface ParticipantsOptions {
  readonly participants: readonly ParticipantSettings[]
  readonly outside: Outside
  readonly move: MoveFacts
  readonly journal: ParticipantJournal
  readonly progress: Progress
  readonly signal: AbortSignal
}

/** The verbs that leave nothing behind. */
const HARMLESS: readonly ParticipantVerb[] = ['check', 'lag']

/** Whether any of them has been asked for more than its readiness. */
export function haveBegun(runs: readonly ParticipantRun[]): boolean {
  return runs.some(({ verb }) => !HARMLESS.includes(verb))
}

/**
 * What of the organization lives outside PostgreSQL, moved by programs of the operator's own (docs/participants.md). Each phase asks them for its
 * verb; all at once, and every one to its end before the first failure is thrown: OM3016, OM3017, or as said below. What the journal has as done is not asked again.
 */
export class Participants {
  readonly #options: ParticipantsOptions

  constructor(options: ParticipantsOptions) {
    this.#options = options
  }

  async haveBegun(): Promise<boolean> {
    return haveBegun(await this.#runs())
  }

  /** Before anything is changed: what each of them has against the move. Asks again each time. */
  async check(): Promise<readonly Finding[]> {
    const found = await this.#settled('check', this.#answering('check'), async (one) => {
      try {
        const { warnings = [] } = await this.#asked(one, 'check')
        return warnings.map((text) => notReady(one, 'warning', this.#options.outside.redact(text)))
      } catch (error) {
        if (error instanceof ParticipantFailure) return [notReady(one, 'error', error.message)]
        throw error
      }
    })
    return found.flat()
  }

  async run(verb: 'replicate' | 'final_sync' | 'cutover' | 'purge' | 'purge_tracking'): Promise<void> {
    const done = await this.#runs()
    const open = this.#answering(verb).filter(({ name }) => !done.some((run) => run.participant === name && run.verb === verb && run.state === 'done'))
    await this.#settled(verb, open, (one) => this.#asked(one, verb))
  }

  /** The gate of the freeze: until each of them is no further behind than it may be. Throws OM3018 after `lag_limit`. */
  async awaitLag(): Promise<void> {
    await this.#settled('lag', this.#answering('lag'), async (one) => {
      const deadline = performance.now() + one.lagLimitMs
      for (;;) {
        const { lag = 0 } = await this.#asked(one, 'lag')
        if (lag <= one.maxLag) return this.#options.progress({ kind: 'waiting', reason: null })
        const behind = `participant ${one.name} is behind by ${lag}, and may be by ${one.maxLag}`
        if (performance.now() + one.lagGapMs > deadline) throw this.#failed('OM3018', 'lag', `${behind}, after ${one.lagLimitMs} ms`)
        this.#options.progress({ kind: 'waiting', reason: behind })
        await sleep(one.lagGapMs, undefined, { signal: this.#options.signal })
      }
    })
  }

  /** A gate of the cutover. Those that found differences last time synchronise once more first. Throws OM4005. */
  async verify(): Promise<void> {
    const runs = await this.#runs()
    const differing = this.#answering('verify').filter(({ name, verbs }) => verbs.includes('final_sync') && runs.some((run) => run.participant === name && run.verb === 'verify' && run.state === 'failed'))
    await this.#settled('final_sync', differing, (one) => this.#asked(one, 'final_sync'))
    await this.#settled('verify', this.#answering('verify'), async (one) => {
      await this.#asked(one, 'verify', ({ equal, message }) => {
        if (equal !== true) throw this.#failed('OM4005', 'verify', `participant ${one.name} found differences between ${this.#options.move.source} and ${this.#options.move.target}${message === undefined ? '' : `: ${this.#options.outside.redact(message)}`}`)
      })
    })
  }

  /** Throws OM4002 unless the last word of each of them was that both sides are equal. */
  async assertVerified(): Promise<void> {
    const runs = await this.#runs()
    const open = this.#answering('verify').filter(({ name }) => !runs.some((run) => run.participant === name && run.verb === 'verify' && run.state === 'done'))
    if (open.length === 0) return
    throw this.#failed('OM4002', 'verify', `verification by ${open.map(({ name }) => `participant ${name}`).join(', ')} has not passed`)
  }

  /** Takes back what was begun; those that were asked for nothing but their readiness are left alone. */
  async abort(): Promise<void> {
    const runs = await this.#runs()
    const begun = this.#answering('abort').filter(({ name }) => runs.some((run) => run.participant === name && !HARMLESS.includes(run.verb)))
    const open = begun.filter(({ name }) => !runs.some((run) => run.participant === name && run.verb === 'abort' && run.state === 'done'))
    await this.#settled('abort', open, (one) => this.#asked(one, 'abort'))
  }

  #answering(verb: ParticipantVerb): readonly ParticipantSettings[] {
    return this.#options.participants.filter(({ verbs }) => verbs.includes(verb))
  }

  /** Without participants nothing is read. */
  async #runs(): Promise<readonly ParticipantRun[]> {
    return this.#options.participants.length === 0 ? [] : this.#options.journal.participantRuns()
  }

  /** One run of one verb, on record before it is asked and when it has ended. */
  async #asked(participant: ParticipantSettings, verb: ParticipantVerb, judge: (answer: ParticipantAnswer) => void = () => undefined): Promise<ParticipantAnswer> {
    const { journal, progress } = this.#options
    const { name } = participant
    const run = await journal.beginParticipant(name, verb)
    if (verb !== 'lag') progress({ kind: 'step', text: `participant ${name}: ${verb}` })
    let attempts = 1
    let facts: Facts = {}
    try {
      const asked = await ask({ ...this.#options, participant, verb, run, onRetry: (why) => progress({ kind: 'waiting', reason: `participant ${name}, ${verb}: ${why}; asking again` }) })
      attempts = asked.attempts
      facts = { ...asked.answer.facts, ...(asked.answer.lag === undefined ? {} : { lag: asked.answer.lag }) }
      if (attempts > 1) progress({ kind: 'waiting', reason: null })
      judge(asked.answer)
      await journal.endParticipant(name, verb, { state: 'done', attempts, facts, error: null })
      return asked.answer
    } catch (error) {
      // what was interrupted stays open: the next driver asks under the same key
      this.#options.signal.throwIfAborted()
      const isOurs = error instanceof ParticipantFailure || (error instanceof MoverError && error.code === 'OM4005')
      if (isOurs) await journal.endParticipant(name, verb, { state: 'failed', attempts: error instanceof ParticipantFailure ? error.attempts : attempts, facts, error: error.message })
      throw error
    }
  }

  async #settled<T>(verb: ParticipantVerb, participants: readonly ParticipantSettings[], work: (one: ParticipantSettings) => Promise<T>): Promise<readonly T[]> {
    const outcomes = await Promise.allSettled(participants.map(work))
    this.#options.signal.throwIfAborted()
    const failures = outcomes.flatMap((outcome, n) => (outcome.status === 'rejected' ? [{ name: participants[n]?.name ?? '', reason: outcome.reason as unknown }] : []))
    const other = failures.find(({ reason }) => !(reason instanceof ParticipantFailure))
    if (other !== undefined) throw other.reason
    const own = failures.flatMap(({ name, reason }) => (reason instanceof ParticipantFailure ? [{ name, reason }] : []))
    if (own.length > 0) throw this.#failed(own.every(({ reason }) => reason.isTransient) ? 'OM3016' : 'OM3017', verb, own.map(({ name, reason }) => `participant ${name} failed at "${verb}": ${reason.message}`).join('; '))
    return outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  }

  #failed(code: ErrorCode, verb: ParticipantVerb, what: string): MoverError {
    const { moveId } = this.#options.move
    const command = verb === 'abort' ? 'abort' : verb === 'purge' || verb === 'purge_tracking' ? 'purge' : code === 'OM4002' ? 'verify' : 'resume'
    const back = ['replicate', 'lag', 'final_sync', 'verify'].includes(verb) ? `; \`org-mover abort ${moveId}\` takes the move back` : ''
    const first = code === 'OM3016' || code === 'OM3018' || code === 'OM4002' ? '' : 'repair what it reports (the output of a command is in the log), then '
    return new MoverError({ code, message: `${what}. ${this.#standing(verb)}`, hint: `${first}run \`org-mover ${command} ${moveId}\`, which asks it again${back}`, retry: first === '' ? 'safe' : 'after-fix' })
  }

  /** In what state the move is when that verb has failed. */
  #standing(verb: ParticipantVerb): string {
    const { source, target } = this.#options.move
    switch (verb) {
      case 'check':
      case 'replicate':
      case 'lag':
        return `Nothing is fenced, and ${source} serves`
      case 'final_sync':
      case 'verify':
        return `The route is unchanged and ${source} still fenced`
      case 'cutover':
        return `The route has flipped: ${target} serves, ${source} stays fenced, and maintenance has not ended`
      case 'purge':
      case 'purge_tracking':
        return `The rows of the organization are deleted on ${source}, which is fenced until the purge has ended`
      case 'abort':
        return `${source} serves, and the rows on ${target} are taken back; maintenance has not ended`
    }
  }
}

function notReady({ name }: ParticipantSettings, severity: Finding['severity'], text: string): Finding {
  return finding('OM2130', severity, {}, { message: `participant ${name}: ${text}`, hint: 'docs/participants.md says what is asked of it; its output is in the log' })
}
