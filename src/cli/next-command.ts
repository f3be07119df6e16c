import { isBlocking } from '../domain/finding.js'
import { shellWord } from './format.js'
import type { Invocation } from './invocation.js'
import type { Outcome } from './outcome.js'

/** What to run next, as it can be pasted; null where nothing follows. `configFlag` is what --config was given. */
export function nextCommand(invocation: Invocation, outcome: Outcome, configFlag: string | null): string | null {
  const next = bareNext(invocation, outcome)
  return next === null || configFlag === null || !next.startsWith('org-mover ') ? next : `${next} --config ${shellWord(configFlag)}`
}

function bareNext(invocation: Invocation, outcome: Outcome): string | null {
  const { document } = outcome
  if (document.error !== null && outcome.kind !== 'move') return null
  if (outcome.kind === 'done' && outcome.next !== undefined) return outcome.next
  // a purge that came too early is not told to come again at once
  if (outcome.kind === 'move') return document.error?.code === 'OM6001' ? null : outcome.document.next
  if (outcome.kind === 'list') return outcome.document.moves.length === 1 ? (outcome.document.moves[0]?.next ?? null) : null
  switch (invocation.command) {
    case 'init':
      return 'org-mover doctor'
    case 'doctor':
      return hasErrors(outcome) ? 'org-mover doctor' : 'org-mover discover'
    case 'discover':
      return invocation.write !== null || hasErrors(outcome) ? `org-mover discover --check${invocation.cell === null ? '' : ` --cell ${shellWord(invocation.cell)}`}` : 'org-mover plan --org ORG --to CELL'
    case 'route set':
      return `org-mover route get --org ${shellWord(invocation.org)}`
    case 'route get':
      return `org-mover plan --org ${shellWord(invocation.org)} --to CELL`
    case 'plan': {
      if (outcome.kind === 'plan' && outcome.document.blocking) return planAgain(invocation)
      return `org-mover move --org ${shellWord(invocation.org)} --to ${shellWord(invocation.to)}${fromOption(invocation.from)}`
    }
    default:
      return null
  }
}

/** What must be corrected first is looked at again. */
function hasErrors(outcome: Outcome): boolean {
  return (outcome.kind === 'check' || outcome.kind === 'discover') && isBlocking(outcome.document.findings)
}

function planAgain({ org, to, from }: Extract<Invocation, { readonly command: 'plan' }>): string {
  return `org-mover plan --org ${shellWord(org)} --to ${shellWord(to)}${fromOption(from)}`
}

function fromOption(from: string | null): string {
  return from === null ? '' : ` --from ${shellWord(from)}`
}
