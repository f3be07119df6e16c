import { z } from 'zod'

/** What every answer holds. `verb` repeats the question: an answer to another one is none. */
export const answerSchema = z.object({ verb: z.string(), ok: z.boolean(), message: z.string().max(2_000).optional() })

/** An answer that cannot be understood. The message holds nothing of it. */
class WrongAnswer extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'WrongAnswer'
  }
}

/** The one JSON document that answers `verb`. Throws WrongAnswer. */
export function readAnswer<T extends z.infer<typeof answerSchema>>(schema: z.ZodType<T>, verb: string, text: string): T {
  const parsed = schema.safeParse(parse(text))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new WrongAnswer(`its answer does not fit the protocol (${issue === undefined || issue.path.length === 0 ? 'not one JSON object' : `member ${issue.path.join('.')}`})`)
  }
  if (parsed.data.verb !== verb) throw new WrongAnswer('it answered another verb than it was asked')
  return parsed.data
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new WrongAnswer(text.trim() === '' ? 'it answered nothing' : 'its answer is not JSON')
  }
}
