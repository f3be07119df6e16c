import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { MoveMetrics } from '../../src/observability/metrics.js'

const page = (name: string): string => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')

describe('metrics', async () => {
  const text = await new MoveMetrics({ command: 'move', version: '0', nowMs: () => 0 }).text()
  const names = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name = '']) => name)
  const usedIn = (text: string): readonly string[] => [...new Set(text.match(/\b(?:org_mover|process|nodejs)_[a-z_]+\b/g) ?? [])]

  it.each(['examples/observability/grafana-dashboard.json', 'examples/observability/prometheus-alerts.yml'])('named in %s are there', (file) => {
    const used = usedIn(page(file))
    expect(used.length).toBeGreaterThan(3)
    expect(used.filter((name) => !names.includes(name))).toEqual([])
  })

  it('are each told in docs/observability.md, and no other', () => {
    const ours = names.filter((name) => name.startsWith('org_mover_')).sort()
    expect(usedIn(page('docs/observability.md')).filter((name) => name.startsWith('org_mover_')).sort()).toEqual(ours)
  })
})
