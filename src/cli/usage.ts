import { parseDuration } from '../domain/durations.js'
import type { ListenAddress } from '../observability/serve-metrics.js'

/** Collects what is wrong with a command line, so that an operator learns of all of it at once. */
export class Usage {
  readonly problems: string[] = []

  report(problem: string): void {
    this.problems.push(problem)
  }

  /** The value of an option or argument that must be there. */
  required(name: string, value: unknown): string {
    if (value === undefined) this.report(`${name} is required`)
    return this.optional(name, value) ?? ''
  }

  optional(name: string, value: unknown): string | null {
    if (typeof value !== 'string') return null
    if (value.trim() === '') this.report(`${name} must not be empty`)
    return value
  }

  oneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T | null {
    if (value === undefined) return null
    const found = allowed.find((candidate) => candidate === value)
    if (found === undefined) this.report(`${name} must be one of ${allowed.join(', ')}`)
    return found ?? null
  }

  /** Milliseconds of a duration above zero. */
  duration(name: string, value: unknown): number | null {
    if (value === undefined) return null
    const ms = parseDuration(String(value))
    if (ms === null || ms <= 0) this.report(`${name} must be a duration such as 90s, 30m or 1h30m`)
    return ms
  }

  /** `9464`, `0.0.0.0:9464`, `[::1]:9464`; without a host nobody else can connect. */
  listenAddress(name: string, value: unknown): ListenAddress | null {
    if (value === undefined) return null
    const [, host = '127.0.0.1', port = ''] = /^(?:(\[[0-9a-f:.]+\]|[^:[\]\s]+):)?(\d{1,5})$/i.exec(String(value)) ?? []
    if (port === '' || Number(port) > 65_535) this.report(`${name} must be a port, or host:port`)
    return { host: host.replaceAll(/[[\]]/g, ''), port: Number(port) }
  }

  /** Arguments that a command takes; reports unknown options and arguments too many. */
  positional(args: readonly string[], count: number): readonly string[] {
    const firstOption = args.findIndex((argument) => argument.startsWith('-') && argument !== '-')
    if (firstOption !== -1) {
      for (const argument of args.filter((candidate) => candidate.startsWith('-'))) this.report(`unknown option ${argument.replace(/=.*/s, '')}`)
      return args.slice(0, firstOption)
    }
    if (args.length > count) this.report(count === 0 ? 'this command takes no arguments' : 'too many arguments')
    return args
  }
}
