// A command for tests: passes its input on to the service at argv[2], and ends as that answers: x-exit is its exit status.
import { request } from 'node:http'

const variables = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('ORG_MOVER_')))
const headers = { 'x-variables': JSON.stringify(variables), 'idempotency-key': process.env.ORG_MOVER_IDEMPOTENCY_KEY ?? '' }
const sent = request(process.argv[2], { method: 'POST', headers }, (response) => {
  const { 'x-stderr': said, 'x-exit': exit } = response.headers
  if (said !== undefined) process.stderr.write(`${said}\n`)
  response.pipe(process.stdout)
  process.exitCode = Number(exit ?? (response.statusCode === 200 ? 0 : 1))
})
sent.on('error', () => process.exit(1))
process.stdin.pipe(sent)
