import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Outside } from '../../src/outside/call.js'
import type { Call } from '../../src/outside/call.js'
import { createLogger } from '../../src/observability/logger.js'
import { until } from '../support/until.js'

const lines: string[] = []
const outside = new Outside({ environment: { PATH: process.env['PATH'] }, directory: tmpdir(), secrets: [], log: createLogger({ level: 'info', format: 'json', colour: false, destination: { write: (line) => void lines.push(line) } }) })

/** A command that runs this script of Node's. */
const command = (script: string): Call['callee'] => ({ kind: 'command', command: [process.execPath, '-e', script] })
const call = (callee: Call['callee'], more: Partial<Call> = {}): Promise<string> =>
  outside.call({ callee, purpose: 'test', input: { verb: 'x' }, variables: { ORG_MOVER_VERB: 'x' }, timeoutMs: 60_000, idempotencyKey: 'key', signal: new AbortController().signal, ...more })

/** How the call failed, and after how many seconds. */
async function failure(callee: Call['callee'], more: Partial<Call> = {}): Promise<{ readonly reason: unknown; readonly isTransient: unknown; readonly message: string; readonly seconds: number }> {
  const began = performance.now()
  const error: unknown = await call(callee, more).catch((thrown: unknown) => thrown)
  if (!(error instanceof Error)) throw new Error('it went well')
  return { reason: Reflect.get(error, 'reason'), isTransient: Reflect.get(error, 'isTransient'), message: error.message, seconds: (performance.now() - began) / 1000 }
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

async function scratch(): Promise<{ readonly file: (name: string) => string } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'org-mover-outside-'))
  return { file: (name) => join(folder, name), [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}

/** Starts a grandchild that inherits this process's output, and writes its pid to the file. */
const grandchild = (file: string, stdio = 'inherit'): string => `const g = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: ${JSON.stringify(stdio)} }); require('node:fs').writeFileSync(${JSON.stringify(file)}, String(g.pid)); `

async function pidIn(file: string): Promise<number> {
  let pid = 0
  await until('the grandchild runs', async () => {
    pid = Number(await readFile(file, 'utf8').catch(() => '0'))
    return pid > 0
  })
  return pid
}

describe('a command', { timeout: 60_000 }, () => {
  test('gets the question on its standard input and in its environment, and answers on its standard output', async () => {
    const answer = await call(command(`let text = ''; process.stdin.on('data', (d) => text += d).on('end', () => console.log(JSON.stringify([JSON.parse(text), process.env.ORG_MOVER_VERB, process.env.ORG_MOVER_IDEMPOTENCY_KEY])))`))
    expect(JSON.parse(answer)).toEqual([{ verb: 'x' }, 'x', 'key'])
  })

  test('that does not read a question longer than a pipe holds still answers', async () => {
    expect(await call(command(`console.log('answer')`), { input: { padding: 'x'.repeat(2 ** 20) } })).toBe('answer\n')
  })

  test.each([
    ['process.exit(1)', 'exit', false, 'it ended with exit status 1'],
    ['process.exit(75)', 'exit', true, 'it ended with exit status 75'],
    [`process.kill(process.pid, 'SIGKILL')`, 'exit', true, 'it was ended by SIGKILL'],
  ])('that ends otherwise (%s) has failed', async (script, reason, isTransient, message) => {
    expect(await failure(command(`console.log('{"ok":true}'); ${script}`))).toMatchObject({ reason, isTransient, message })
  })

  test('that is not there, or may not be run, is not asked again', async () => {
    expect(await failure({ kind: 'command', command: ['./no-such-program', '--token=x'] })).toMatchObject({ reason: 'not_started', isTransient: false, message: 'it could not be started (ENOENT)' })
    expect(await failure({ kind: 'command', command: [tmpdir()] })).toMatchObject({ reason: 'not_started', isTransient: false, message: 'it could not be started (EACCES)' })
  })

  test('that hangs, or hangs after it has answered, is stopped at its time', async () => {
    for (const said of ['', `console.log('{"ok":true}'); `]) {
      const hung = await failure(command(`${said}setInterval(() => undefined, 1000)`), { timeoutMs: 1_500 })
      expect(hung).toMatchObject({ reason: 'timeout', isTransient: true, message: 'it did not end within 1500 ms, and was stopped' })
      expect(hung.seconds).toBeLessThan(10)
    }
  })

  test('that does not heed the request to end is ended by force', async () => {
    const deaf = await failure(command(`process.on('SIGTERM', () => undefined); setInterval(() => undefined, 1000)`), { timeoutMs: 1_500 })
    expect(deaf).toMatchObject({ reason: 'timeout' })
    expect(deaf.seconds).toBeLessThan(20)
  })

  test('that never stops talking is stopped at once, not at its time', async () => {
    const chatty = await failure(command(`const more = () => process.stdout.write('x'.repeat(65536), more); more()`), { timeoutMs: 600_000 })
    expect(chatty).toMatchObject({ reason: 'too_long', isTransient: false })
    expect(chatty.seconds).toBeLessThan(30)
  })

  test('may say as much as it likes beside its answer: of that the end is logged', async () => {
    lines.length = 0
    expect(await call(command(`const e = 'noise\\n'.repeat(500000); process.stderr.write(e + 'the last line\\n', () => console.log('answer'))`))).toBe('answer\n')
    expect(lines.at(-1)).toContain('the last line')
    expect(lines.join('').length).toBeLessThan(4 * 2 ** 20)
  })

  test('that leaves a grandchild holding its output is answered all the same', async () => {
    await using files = await scratch()
    const answering = call(command(`${grandchild(files.file('pid'))} console.log('answer'); g.unref()`), { timeoutMs: 50_000 })
    const pid = await pidIn(files.file('pid'))
    try {
      expect(await answering).toBe('answer\n')
    } finally {
      process.kill(pid, 'SIGKILL')
    }
  })

  test('is stopped with the grandchildren that it began: at its time, and when the move is interrupted', async () => {
    await using files = await scratch()
    const late = failure(command(`${grandchild(files.file('late'))} setInterval(() => undefined, 1000)`), { timeoutMs: 3_000 })
    const first = await pidIn(files.file('late'))
    expect(await late).toMatchObject({ reason: 'timeout' })
    await until('the grandchild is gone', async () => !isAlive(first))

    const operator = new AbortController()
    const interrupted = call(command(`${grandchild(files.file('interrupted'))} setInterval(() => undefined, 1000)`), { signal: operator.signal }).catch((error: unknown) => error)
    const second = await pidIn(files.file('interrupted'))
    operator.abort(new Error('interrupted'))
    expect(await interrupted).toMatchObject({ message: 'interrupted' })
    await until('the grandchild is gone', async () => !isAlive(second))
  })
})

describe('a service', { timeout: 60_000 }, () => {
  test.each([
    [500, true],
    [503, true],
    [429, true],
    [408, true],
    [404, false],
    [301, false],
  ])('that answers with status %i has failed (for a moment: %s)', async (status, isTransient) => {
    await using service = await served((_, response) => response.writeHead(status, { location: '/elsewhere' }).end('{"ok":true}'))
    expect(await failure(service.callee)).toMatchObject({ reason: 'status', isTransient, message: `it answered with HTTP status ${status}` })
    expect(service.asked()).toBe(1)
  })

  test('that is not there may be asked again; the message names no address', async () => {
    const service = await served(() => undefined)
    await service[Symbol.asyncDispose]()
    expect(await failure(service.callee)).toMatchObject({ reason: 'connection', isTransient: true, message: 'the connection failed (ECONNREFUSED)' })
  })

  test.each<[string, RequestListener]>([
    ['never answers', () => undefined],
    ['stops in the middle', (_, response) => void response.writeHead(200).write('{"ok":')],
    ['answers a byte at a time', (_, response) => {
      const timer = setInterval(() => response.write(' '), 20)
      response.on('close', () => clearInterval(timer))
    }],
  ])('that %s is left at its time', async (_, listener) => {
    await using service = await served(listener)
    const hung = await failure(service.callee, { timeoutMs: 700 })
    expect(hung).toMatchObject({ reason: 'timeout', isTransient: true, message: 'it did not answer within 700 ms' })
    expect(hung.seconds).toBeLessThan(10)
  })

  test('that breaks off has failed for a moment, also after a part of its answer', async () => {
    await using silent = await served((request) => request.socket.destroy())
    expect(await failure(silent.callee)).toMatchObject({ reason: 'connection', isTransient: true })
    await using partly = await served((request, response) => void response.writeHead(200, { 'content-length': '100' }).write('{"ok":true', () => request.socket.destroy()))
    expect(await failure(partly.callee)).toMatchObject({ reason: 'connection', isTransient: true })
  })

  test('that never stops talking is left at once', async () => {
    await using service = await served((_, response) => {
      const more = (): void => void response.write('x'.repeat(65_536), more)
      more()
    })
    const chatty = await failure(service.callee, { timeoutMs: 600_000 })
    expect(chatty).toMatchObject({ reason: 'too_long', isTransient: false })
    expect(chatty.seconds).toBeLessThan(30)
  })
})

async function served(listener: RequestListener): Promise<{ readonly callee: Call['callee']; readonly asked: () => number } & AsyncDisposable> {
  let asked = 0
  const server = createServer((request, response) => {
    asked += 1
    request.resume()
    response.on('error', () => undefined)
    listener(request, response)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    callee: { kind: 'http', url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, headers: {} },
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}
