import { describe, expect, it } from 'vitest'
import { MoverError } from '../../src/domain/errors.js'
import { createLogger } from '../../src/observability/logger.js'

function logged(format: 'json' | 'pretty', level: 'info' | 'warn', write: (logger: ReturnType<typeof createLogger>) => void): string {
  let text = ''
  write(createLogger({ level, format, colour: false, destination: { write: (line) => void (text += line) } }))
  return text
}

describe('the log', () => {
  it('is written at once, in either format, from its level on', () => {
    for (const format of ['json', 'pretty'] as const) {
      const text = logged(format, 'warn', (logger) => {
        logger.info('not this')
        logger.warn({ moveId: 'x' }, 'but this')
      })
      expect(text).toContain('but this')
      expect(text).toContain('moveId')
      expect(text).not.toContain('not this')
      expect(text.endsWith('\n')).toBe(true)
    }
  })

  it('holds nothing of a server error that could quote a row (P8)', () => {
    const server = Object.assign(new Error('invalid input syntax for type integer: "hunter2"'), {
      severity: 'ERROR',
      code: '22P02',
      routine: 'pg_strtoint32',
      table: 'notes',
      detail: 'Key (token)=(hunter2) already exists.',
      where: 'COPY notes, line 1: "hunter2"',
      query: "SELECT 'hunter2'",
      parameters: ['hunter2'],
    })
    const ours = new MoverError({ code: 'OM3007', message: 'PostgreSQL rejected a statement (22P02)', hint: 'h', retry: 'after-fix', cause: server, context: { table: 'notes' } })
    const text = logged('json', 'warn', (logger) => logger.error({ err: ours }, 'failed'))
    expect(text).not.toContain('hunter2')
    expect(JSON.parse(text)).toMatchObject({ err: { code: 'OM3007', where: { table: 'notes' }, cause: { code: '22P02', message: null, where: { routine: 'pg_strtoint32', table: 'notes' } } } })
  })
})
