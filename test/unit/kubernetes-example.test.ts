import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { parseArguments } from '../../src/cli/arguments.js'

interface Job {
  readonly spec: { readonly backoffLimit: number; readonly template: { readonly spec: { readonly restartPolicy: string; readonly securityContext: { readonly runAsNonRoot: boolean }; readonly containers: readonly { readonly args: readonly string[] }[] } } }
}

it('the Job of examples/kubernetes gives a command that org-mover understands, asks nobody, and is not begun again', () => {
  const { spec } = parse(readFileSync(new URL('../../examples/kubernetes/move-job.yaml', import.meta.url), 'utf8')) as Job
  const [{ args } = { args: [] }] = spec.template.spec.containers
  expect(parseArguments(args)).toMatchObject({ kind: 'run', invocation: { command: 'move', org: '42', to: 'cell-b', pauseBefore: 'cutover', yes: true }, options: { metricsPort: { host: '0.0.0.0', port: 9464 } } })
  expect([spec.backoffLimit, spec.template.spec.restartPolicy, spec.template.spec.securityContext.runAsNonRoot]).toEqual([0, 'Never', true])
})
