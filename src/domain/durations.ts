const MS_PER_UNIT = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const

/** What a duration looks like: one or more numbers with units, as in `500ms`, `30s`, `1h30m`, `7d`; or a bare `0`. */
export const DURATION_PATTERN = /^(?:0|(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+)$/

/** Milliseconds of a duration such as `7d`; null where the text is none. */
export function parseDuration(text: string): number | null {
  if (!DURATION_PATTERN.test(text)) return null
  let totalMs = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)) {
    totalMs += Number(amount) * MS_PER_UNIT[unit as keyof typeof MS_PER_UNIT]
  }
  return Math.round(totalMs)
}

/** A duration for people: the two largest units that matter, as in `1h 30m`, `2m 05s`, `12.3s`, `480ms`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1000) return `${Math.round(durationMs)}ms`
  if (durationMs < 59_950) return `${(durationMs / 1000).toFixed(1)}s`
  const seconds = Math.round(durationMs / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 1440) return `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m`
  const hours = Math.round(minutes / 60)
  return hours % 24 === 0 ? `${hours / 24}d` : `${Math.floor(hours / 24)}d ${two(hours % 24)}h`
}

function two(amount: number): string {
  return String(amount).padStart(2, '0')
}
