import { describe, expect, it } from 'vitest'
import type { TerminalOutput } from '../../../src/cli/host.js'
import { createProgressView } from '../../../src/cli/progress-view.js'
import type { ProgressView } from '../../../src/cli/progress-view.js'
import { StatusArea } from '../../../src/cli/status-area.js'
import { createStyle, widthOf } from '../../../src/cli/style.js'
import { FakeClock } from './support.js'

const ERASURE = new RegExp(String.raw`^\x1b\[(\d+)A\r\x1b\[J([^]*)$`)

class FakeTerminal implements TerminalOutput {
  columns = 100
  rows = 24
  writes: string[] = []
  /** What stands on the screen: a terminal that knows "up n lines" and "clear to the end". */
  screen: string[] = ['']

  constructor(readonly isTTY: boolean) {}

  write(text: string): void {
    this.writes.push(text)
    const [, up, rest = text] = ERASURE.exec(text) ?? []
    if (up !== undefined) this.screen.splice(this.screen.length - 1 - Number(up), Number(up))
    const lines = rest.split('\n')
    this.screen[this.screen.length - 1] += lines[0] ?? ''
    this.screen.push(...lines.slice(1))
  }
}

function open(options: { readonly isTTY: boolean; readonly isWanted?: boolean }): { readonly view: ProgressView; readonly clock: FakeClock; readonly terminal: FakeTerminal; readonly area: StatusArea } {
  const clock = new FakeClock()
  const terminal = new FakeTerminal(options.isTTY)
  const area = new StatusArea(terminal)
  const view = createProgressView({ output: terminal, area, clock, style: createStyle(false), isWanted: options.isWanted ?? true })
  return { view, clock, terminal, area }
}

function copyHalf({ progress }: ProgressView, clock: FakeClock): void {
  progress({ kind: 'phase', phase: 'copy', state: 'started' })
  progress({ kind: 'total', rows: 2000, tables: 3 })
  progress({ kind: 'table', table: 'public.notes', state: 'started', rows: 1500 })
  for (let second = 0; second < 10; second += 1) {
    progress({ kind: 'moved', table: 'public.notes', rows: 100, bytes: 1024 * 1024 })
    clock.advance(1000)
  }
}

describe('progress on a terminal', () => {
  it('shows bar, rows, bytes, rate, time left and a line per running table', () => {
    const { view, clock, terminal } = open({ isTTY: true })
    copyHalf(view, clock)
    expect(terminal.screen).toEqual([
      'copy     █████████████░░░░░░░░░░░░░ 50%  ETA 10s  1,000/2,000 rows  10.0 MiB  1.0 MiB/s  0/3 tables',
      '  public.notes  66%  1,000/1,500 rows',
      '',
    ])
  })

  it('says why it waits, for how long, and stops saying so', () => {
    const { view, clock, terminal } = open({ isTTY: true })
    view.progress({ kind: 'phase', phase: 'freeze', state: 'started' })
    view.progress({ kind: 'waiting', reason: 'lock on public.notes, held by pid 7' })
    clock.advance(2100)
    expect(terminal.screen).toEqual(['freeze   2s', '  waiting 2.1s: lock on public.notes, held by pid 7', ''])
    view.progress({ kind: 'waiting', reason: null })
    clock.advance(100)
    expect(terminal.screen).toEqual(['freeze   2s', ''])
  })

  it('draws at most ten times a second, however many events there are', () => {
    const { view, clock, terminal } = open({ isTTY: true })
    view.progress({ kind: 'phase', phase: 'copy', state: 'started' })
    for (let ms = 0; ms < 1000; ms += 1) {
      view.progress({ kind: 'moved', table: 't', rows: 1, bytes: 1 })
      clock.advance(1)
    }
    expect(terminal.writes.length).toBeLessThanOrEqual(10)
  })

  it('never writes a line wider than the terminal, nor more tables than fit', () => {
    const { view, clock, terminal } = open({ isTTY: true })
    terminal.columns = 40
    terminal.rows = 9
    view.progress({ kind: 'phase', phase: 'copy', state: 'started' })
    view.progress({ kind: 'total', rows: 1e9, tables: 20 })
    for (let table = 0; table < 20; table += 1) view.progress({ kind: 'moved', table: `public.a_table_with_a_name_that_is_far_too_long_${table}`, rows: 12345, bytes: 1e9 })
    clock.advance(1000)
    expect(Math.max(...terminal.screen.map(widthOf))).toBeLessThan(40)
    expect(terminal.screen.at(-2)).toBe('  … and 17 more')
  })

  it('keeps log lines apart, leaves one line per finished phase, and is gone at the end', () => {
    const { view, clock, terminal, area } = open({ isTTY: true })
    copyHalf(view, clock)
    area.print('a log line\n')
    view.progress({ kind: 'phase', phase: 'copy', state: 'done' })
    view[Symbol.dispose]()
    expect(terminal.screen).toEqual(['a log line', '✓ copy: done in 10.0s, 1,000 rows, 10.0 MiB', ''])
  })

  it('takes back what a narrower window has wrapped', () => {
    const { view, clock, terminal } = open({ isTTY: true })
    copyHalf(view, clock)
    terminal.columns = 50
    view.progress({ kind: 'waiting', reason: 'x' })
    clock.advance(100)
    expect(terminal.writes.at(-1)?.startsWith('\u001b[3A\r\u001b[J')).toBe(true)
  })

  it('stands aside while somebody is asked', () => {
    const { view, clock, terminal, area } = open({ isTTY: true })
    copyHalf(view, clock)
    {
      using _held = area.hold()
      area.print('Go on?')
      clock.advance(500)
      expect(terminal.screen).toEqual(['Go on?'])
    }
  })
})

describe('progress elsewhere', () => {
  it('is plain lines: phases, tables, waiting, and what moved every five seconds', () => {
    const { view, clock, terminal } = open({ isTTY: false })
    copyHalf(view, clock)
    view.progress({ kind: 'waiting', reason: 'replica lag' })
    view.progress({ kind: 'waiting', reason: 'replica lag' })
    view.progress({ kind: 'waiting', reason: null })
    view.progress({ kind: 'table', table: 'public.notes', state: 'done', rows: 1500 })
    view.progress({ kind: 'phase', phase: 'copy', state: 'done' })
    clock.advance(60_000)
    expect(terminal.screen).toEqual([
      'copy: started',
      'copy: 3 tables, 2,000 rows ahead',
      'copy: 25%, ETA 15s, 500/2,000 rows, 5.0 MiB, 1.0 MiB/s, 0/3 tables',
      'copy: 50%, ETA 10s, 1,000/2,000 rows, 10.0 MiB, 1.0 MiB/s, 0/3 tables',
      'copy: waiting: replica lag',
      'copy: going on',
      'copy: public.notes done, 1,500 rows',
      'copy: done in 10.0s, 1,000 rows, 10.0 MiB',
      '',
    ])
    expect(terminal.writes.join('')).not.toContain('\u001b')
  })

  it('is nothing with --no-progress', () => {
    for (const isTTY of [true, false]) {
      const { view, clock, terminal } = open({ isTTY, isWanted: false })
      copyHalf(view, clock)
      view[Symbol.dispose]()
      expect(terminal.writes).toEqual([])
    }
  })
})
