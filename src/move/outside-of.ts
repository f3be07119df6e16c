import type { Callee, Settings } from '../config/settings.js'
import type { Logger } from '../observability/logger.js'
import { Outside } from '../outside/call.js'

/** Names under which people keep secrets in the environment. */
const SECRET_NAME = /PASS|SECRET|TOKEN|KEY|CREDENTIAL|AUTH|DSN|_URL$/i
const SHORTEST_OF_ENVIRONMENT = 8

/** Calls of the operator's own programs, which are given the mover's environment and stay silent about its secrets. */
export function outsideOf(settings: Settings, log: Logger): Outside {
  return new Outside({ environment: settings.environment, secrets: secretsOf(settings), directory: settings.directory, log })
}

function secretsOf(settings: Settings): readonly string[] {
  const urls = [settings.control, ...(settings.routing.kind === 'postgres' && settings.routing.url !== null ? [settings.routing.url] : [])]
  for (const cell of settings.cells.values()) for (const { url, readFrom } of cell.databases.values()) urls.push(url, ...(readFrom === null ? [] : [readFrom]))
  const { maintenance, notify, participants, routing } = settings
  const probes = [...settings.cells.values()].flatMap(({ capacity }) => (capacity?.probe == null ? [] : [capacity.probe]))
  const callees: readonly (Callee | { readonly kind: 'sql' })[] = [...maintenance.enter, ...maintenance.ready, ...maintenance.leave, ...notify.hooks, ...probes, ...participants.map(({ callee }) => callee), ...(routing.kind === 'outside' ? [routing.callee] : [])]
  const headers = callees.flatMap((callee) => (callee.kind === 'http' ? Object.values(callee.headers) : []))
  const environment = Object.entries(settings.environment).flatMap(([name, value]) => (value !== undefined && value.length >= SHORTEST_OF_ENVIRONMENT && SECRET_NAME.test(name) ? [value] : []))
  return [...urls.flatMap(passwordsOf), ...headers.flatMap((value) => [value, ...value.split(' ').slice(1)]), ...environment]
}

/** As it stands in the URL, and as the server gets it. */
function passwordsOf(url: string): readonly string[] {
  const written = /^[^/]*\/\/[^:/@]*:([^@]*)@/.exec(url)?.[1]
  if (written === undefined) return []
  try {
    return [written, decodeURIComponent(written)]
  } catch {
    return [written]
  }
}
