import { MoverError } from '../domain/errors.js'
import type { Confirm } from './app.js'
import type { Host } from './host.js'
import type { StatusArea } from './status-area.js'
import { printable } from './style.js'
import { wrapped } from './wrap.js'

export interface ConfirmOptions {
  readonly host: Host
  readonly area: StatusArea
  readonly signal: AbortSignal
  readonly isYes: boolean
  /** For commands that scripts run without --yes: where nobody can be asked, go on. */
  readonly isLenient: boolean
}

/** Shows on stderr what is about to be done and asks. OM1008 where there is nobody to ask. */
export function createConfirm({ host, area, signal, isYes, isLenient }: ConfirmOptions): Confirm {
  return async (summary) => {
    using _held = area.hold()
    area.print(summary.flatMap((line) => wrapped(printable(line), host.stderr.columns ?? Number.POSITIVE_INFINITY, 2)).map((line) => `${line}\n`).join(''))
    if (isYes) return true
    if (host.ask === null) {
      if (isLenient) return true
      throw new MoverError({ code: 'OM1008', message: 'this needs a person to confirm it, and there is no terminal to ask on', hint: 'run the command again with --yes', retry: 'after-fix' })
    }
    const answer = await host.ask('Go on? [y/N] ', signal)
    if (signal.aborted) throw signal.reason
    return /^\s*y(?:es)?\s*$/i.test(answer ?? '')
  }
}
