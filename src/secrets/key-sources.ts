import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { z } from 'zod'
import { etcdSource } from './etcd-source.js'
import { KeySourceError } from './key-source.js'
import type { KeySource } from './key-source.js'

/** By the scheme that a value begins with: `env:NAME`, `command:…`, and that of the key service. */
export type KeySources = ReadonlyMap<string, KeySource>

/** Where keys that are not in the file are kept. */
export const serviceSchema = z.strictObject({ etcd: z.url({ protocol: /^https?$/ }), user: z.string().optional(), password: z.string().optional() })

export interface KeySourcesOptions {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly service: z.infer<typeof serviceSchema> | null
}

const run = promisify(execFile)
const COMMAND_TIMEOUT_MS = 30_000

export function keySources({ environment, service }: KeySourcesOptions): KeySources {
  const env: KeySource = async (name) => {
    const found = environment[name]
    if (found === undefined || found === '') throw new KeySourceError(`the environment variable ${name} is not set`)
    return found
  }
  const sources = new Map<string, KeySource>([
    ['env', env],
    ['command', fromCommand],
    ['etcd', () => Promise.reject(new KeySourceError('the file names no service: {etcd: URL}'))],
  ])
  if (service === null) return sources
  const credential = async (value: string | undefined): Promise<string | null> => (value === undefined ? null : value.startsWith('env:') ? env(value.slice('env:'.length)) : value)
  return sources.set('etcd', etcdSource({ url: service.etcd, user: () => credential(service.user), password: () => credential(service.password) }))
}

async function fromCommand(command: string): Promise<string> {
  const output = await run('/bin/sh', ['-c', command], { timeout: COMMAND_TIMEOUT_MS }).catch(() => null)
  const text = output?.stdout.trim() ?? ''
  if (text === '') throw new KeySourceError('its command failed or printed nothing')
  return text
}
