import { z } from 'zod'
import { DURATION_PATTERN, parseDuration } from '../domain/durations.js'

const DURATION_HELP = 'expected a duration such as 500ms, 30s, 15m, 12h or 7d'
export const duration = z.union([z.string().regex(DURATION_PATTERN, { error: DURATION_HELP }), z.literal(0)], { error: DURATION_HELP }).describe('a duration such as 500ms, 30s, 7d')
/** Timeouts end up in int4 milliseconds, in PostgreSQL and in setTimeout; there zero would mean "never". */
export const timeout = duration.refine(
  (text) => {
    const ms = parseDuration(String(text))
    return ms === null || (ms > 0 && ms < 2 ** 31)
  },
  { error: 'must be longer than 0 and shorter than 24 days' },
)
