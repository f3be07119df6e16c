import type { IncomingMessage, ServerResponse } from 'node:http'

export interface Route {
  readonly cell: string
  readonly epoch: number
}

/** True where the request may be served here; else it has been answered. */
export function staleEpochGuard(options: {
  readonly cell: string
  readonly lookUp: (org: string) => Promise<Route | null>
  readonly keptMs?: number
  readonly now?: () => number
}): (request: IncomingMessage, response: ServerResponse) => Promise<boolean>

export function redirectOf(error: unknown): (Route & { readonly organization: string }) | null
