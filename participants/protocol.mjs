// What every participant needs: one request as JSON on standard input, one answer as JSON on standard output (docs/participants.md).

/** An answer of its own: the participant was asked, and will not. `retry`: it may, a moment later. */
export class Refusal extends Error {
  constructor(message, { retry = false } = {}) {
    super(message)
    this.retry = retry
  }
}

/**
 * Answers the request on standard input with the handler of its verb: `async (request) => answer`, without `verb` and `ok`. What a handler
 * throws beside a Refusal ends the process with status 1 and a line on standard error, which goes to the log of the mover.
 */
export async function answer(handlers) {
  const chunks = []
  for await (const chunk of process.stdin) chunks.push(chunk)
  const request = JSON.parse(Buffer.concat(chunks).toString('utf8'))
  const say = (document) => process.stdout.write(`${JSON.stringify({ verb: request.verb, ...document })}\n`)
  if (request.protocol !== 1) return say({ ok: false, message: `protocol ${request.protocol} is not known here` })
  const handler = Object.hasOwn(handlers, request.verb) ? handlers[request.verb] : undefined
  if (handler === undefined) return say({ ok: false, message: `verb ${request.verb} is not known here: leave it out of \`verbs\`` })
  try {
    say({ ok: true, ...(await handler(request)) })
  } catch (error) {
    if (error instanceof Refusal) return say({ ok: false, message: error.message, retry: error.retry })
    console.error(error instanceof Error ? error.message : String(error))
    process.exitCode = 1
  }
}

/** The option, or a refusal that names it. */
export function option(request, name) {
  const value = request.options?.[name]
  if (value === undefined) throw new Refusal(`options.${name} is missing`)
  return value
}

/** `{org}` in the template, replaced. An id that could lead out of its folder is refused. */
export function forOrg(template, org) {
  if (!template.includes('{org}')) throw new Refusal(`"${template}" does not name {org}: it would be the same for all organizations`)
  if (!/^[\w@+=-][\w.@+=-]*$/.test(org) || org.includes('..')) throw new Refusal('the id of the organization cannot be part of a path')
  return template.replaceAll('{org}', org)
}
