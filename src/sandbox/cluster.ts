export interface ClusterOptions {
  /** `embedded` (default): binaries from npm. `system`: the machine's own `initdb` and `postgres`. */
  readonly provider?: 'embedded' | 'system'
  /** Major version. Default: that of the embedded package, or whatever the machine has. */
  readonly version?: number
  /** Over and above the defaults of `sandbox-settings.ts`; may override them. */
  readonly settings?: Readonly<Record<string, string>>
  /** Where the clusters of all runs of this user live. Default: `org-mover-sandbox-<uid>` in the temporary folder. */
  readonly baseDirectory?: string
}

/** How to end a server: `fast` rolls back and checkpoints; `immediate` leaves recovery to the next start. */
export type StopMode = 'fast' | 'immediate'

/**
 * A throw-away PostgreSQL server with a system identifier of its own, on 127.0.0.1. Disposing it stops the server and removes
 * its files. Should this process die in any way, a watchdog does that; should the watchdog die too, the next `startCluster`.
 */
export interface Cluster extends AsyncDisposable {
  readonly host: string
  /** Stays the same over restarts. */
  readonly port: number
  readonly majorVersion: number
  /** Null where the files are not on this machine (in a container). */
  readonly dataDirectory: string | null
  /** Superuser's connection string, password included; `database` defaults to `postgres`. */
  url(database?: string): string
  /** Resolves once the server is gone. Stopped already: does nothing. The files stay. */
  stop(mode: StopMode): Promise<void>
  /** After `stop` or `crash`; resolves once the server accepts connections. Running already: does nothing. */
  start(): Promise<void>
  restart(mode?: StopMode): Promise<void>
  /** SIGKILL to the postmaster and every backend, as the machine's loss of power would end them. */
  crash(): Promise<void>
}
