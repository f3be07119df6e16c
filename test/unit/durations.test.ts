import { describe, expect, it } from 'vitest'
import { formatDuration, parseDuration } from '../../src/domain/durations.js'

describe('durations', () => {
  it.each([
    ['0', 0],
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5s', 1500],
    ['1h30m', 5_400_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
  ])('%s is %d ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each(['', '30', 's', '-1s', '1 s', '1y', '1s2'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeNull()
  })

  it.each([
    [0, '0ms'],
    [999, '999ms'],
    [12_340, '12.3s'],
    [59_960, '1m 00s'],
    [125_000, '2m 05s'],
    [3_599_600, '1h 00m'],
    [5_400_000, '1h 30m'],
    [604_800_000, '7d'],
    [90_000_000, '1d 01h'],
  ])('%d ms reads %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })
})
