import { resolve } from 'node:path'
import type { TableName } from '../domain/catalog.js'
import { parseDuration } from '../domain/durations.js'
import type { Tenancy } from '../domain/tenancy.js'
import { PARTICIPANT_VERBS } from '../domain/vocabulary.js'
import type { ParticipantVerb } from '../domain/vocabulary.js'
import { isOwnRouteTable } from './config-schema.js'
import type { RawConfig, RawPostgresRouting } from './config-schema.js'
import type { Dictionary } from './dictionary-files.js'
import { listOf, toEntry } from './entries.js'
import type { RawHook, RawParticipant, RawProbe } from './outside-schema.js'
import type { Callee, CapacitySettings, CellSettings, DatabaseSettings, Hook, ParticipantSettings, PostgresRouting, Probe, RoutingSettings, Settings, TimedCallee } from './settings.js'

export interface BuildInput {
  readonly file: string
  /** What paths in the configuration are relative to. */
  readonly directory: string
  /** How the configuration is called in messages. */
  readonly label: string
  readonly dictionary: Dictionary
  readonly environment: Settings['environment']
}

/** Fills in the defaults. `raw` has passed its schema, so that nothing can fail here. */
export function buildSettings(raw: RawConfig, input: BuildInput): Settings {
  const path = (name: string): string => resolve(input.directory, name)
  const maintenance = raw.maintenance ?? {}
  return {
    file: input.file,
    directory: input.directory,
    environment: input.environment,
    cells: new Map(Object.entries(raw.cells).map(([name, cell]) => [name, cellSettings(name, cell, path)])),
    control: raw.control,
    routing: routingSettings(raw),
    tenancy: tenancySettings(raw.tenancy ?? {}, input),
    secrets: { codecs: (raw.secrets?.codecs ?? []).map(path), mode: raw.secrets?.mode ?? 'inline', workers: raw.secrets?.workers ?? null },
    maintenance: {
      fence: 'triggers',
      enter: (maintenance.enter ?? []).map((hook) => hookSettings(hook, 'source')),
      ready: (maintenance.ready ?? []).map(probeSettings),
      leave: (maintenance.leave ?? []).map((hook) => hookSettings(hook, null)),
    },
    participants: (raw.participants ?? []).map(participantSettings),
    copy: { jobs: raw.copy?.jobs ?? 4, chunkRows: raw.copy?.chunk_rows ?? 100_000, maxBytesPerSecond: raw.copy?.max_bytes_per_second ?? null },
    sample: { tables: raw.sample?.tables ?? 5, rows: raw.sample?.rows ?? 20_000, bytes: raw.sample?.max_bytes ?? 64 * 1024 * 1024, timeMs: milliseconds(raw.sample?.max_time ?? '30s') },
    throttle: {
      maxReplicaLagBytes: raw.throttle?.max_replica_lag_bytes ?? null,
      maxWalBacklogBytes: raw.throttle?.max_wal_backlog_bytes ?? null,
      maxLockWaits: raw.throttle?.max_lock_waits ?? null,
      probes: (raw.throttle?.probes ?? []).map((probe) => hookSettings(probe, 'target')),
    },
    verify: { repairAttempts: raw.verify?.repair_attempts ?? 2 },
    leaseMs: milliseconds(raw.lease ?? '30s'),
    lockTimeoutMs: milliseconds(raw.lock_timeout ?? '3s'),
    answerTimeoutMs: milliseconds(raw.answer_timeout ?? '60s'),
    drainTimeoutMs: milliseconds(raw.drain_timeout ?? '60s'),
    replicaTimeoutMs: milliseconds(raw.replica_timeout ?? '5m'),
    sequences: raw.sequences ?? 'check',
    retentionMs: milliseconds(raw.retention ?? '7d'),
    purge: { vacuum: raw.purge?.vacuum ?? false },
    confirmCutover: raw.confirm_cutover ?? false,
    notify: { reports: raw.notify?.reports === undefined ? null : path(raw.notify.reports), hooks: (raw.notify?.hooks ?? []).map(timedCallee) },
  }
}

function cellSettings(name: string, raw: RawConfig['cells'][string], path: (name: string) => string): CellSettings {
  const databases = Object.entries(raw.databases).map(([database, value]): [string, DatabaseSettings] => {
    const long = typeof value === 'string' ? { url: value } : value
    return [database, { url: long.url, readFrom: long.read_from ?? null, searchPath: long.search_path ?? null }]
  })
  return { name, databases: new Map(databases), keyring: raw.keyring === undefined ? null : path(raw.keyring), transportKey: raw.transport_key ?? null, maxMoves: raw.max_moves ?? null, capacity: raw.capacity === undefined ? null : capacitySettings(raw.capacity) }
}

function capacitySettings({ bytes, organizations, probe }: NonNullable<RawConfig['cells'][string]['capacity']>): CapacitySettings {
  return { bytes: bytes ?? null, organizations: organizations ?? null, probe: probe === undefined ? null : timedCallee(probe) }
}

function routingSettings(raw: RawConfig): RoutingSettings {
  const routing = raw.routing ?? {}
  switch (routing.kind) {
    case 'command':
      return { kind: 'outside', callee: calleeOf(routing), timeoutMs: milliseconds(routing.timeout ?? '10s') }
    case 'http':
      return { kind: 'outside', callee: calleeOf({ http: routing.url, headers: routing.headers }), timeoutMs: milliseconds(routing.timeout ?? '10s') }
    default:
      return postgresRouting(routing, Object.keys(raw.cells))
  }
}

function postgresRouting(routing: RawPostgresRouting, cells: readonly string[]): PostgresRouting {
  const isOwn = isOwnRouteTable(routing)
  return {
    kind: 'postgres',
    url: routing.url ?? null,
    table: splitTableName(routing.table ?? 'org_mover.route'),
    orgColumn: routing.org_column ?? 'organization',
    cellColumn: routing.cell_column ?? 'cell',
    epochColumn: routing.epoch_column ?? (isOwn ? 'epoch' : null),
    cellValues: new Map(cells.map((cell) => [cell, String(routing.cell_values?.[cell] ?? cell)])),
    isOwn,
  }
}

function tenancySettings(raw: NonNullable<RawConfig['tenancy']>, input: BuildInput): Tenancy {
  const schemas = raw.schemas ?? ['public']
  const inline = Object.entries(raw.tables ?? {}).map(([table, entry]) =>
    toEntry({ table, origin: 'config', place: `${input.label} tenancy.tables[${JSON.stringify(table)}]`, class: null }, entry),
  )
  return {
    root: raw.root === null ? null : splitTableName(raw.root ?? 'public.organizations', schemas[0]),
    rootKey: raw.root_key ?? 'id',
    shardingKey: listOf(raw.sharding_key ?? 'organization_id'),
    unowned: raw.unowned ?? 'error',
    schemas,
    classes: new Map(
      Object.entries(raw.classes ?? {}).map(([name, { database, exempt }]) => [name, { database: database === undefined ? null : listOf(database), exempt: exempt ?? null }]),
    ),
    entries: [...input.dictionary.entries, ...inline],
    hasDictionary: raw.dictionary !== undefined,
    problems: input.dictionary.problems,
  }
}

/** `schema.table` at the first dot; a bare name belongs to `defaultSchema`. */
function splitTableName(text: string, defaultSchema = 'public'): TableName {
  const dot = text.indexOf('.')
  return dot === -1 ? { schema: defaultSchema, name: text } : { schema: text.slice(0, dot), name: text.slice(dot + 1) }
}

function timedCallee(raw: Exclude<RawHook, { readonly sql: string }>): TimedCallee {
  return { ...calleeOf(raw), timeoutMs: milliseconds(raw.timeout ?? '30s') }
}

function hookSettings(raw: RawHook, side: 'source' | 'target' | null): Hook {
  if (!('sql' in raw)) return timedCallee(raw)
  return { kind: 'sql', sql: raw.sql, side: raw.cell ?? side, database: raw.database ?? 'main', timeoutMs: milliseconds(raw.timeout ?? '30s') }
}

function probeSettings(raw: RawProbe): Probe {
  return { ...hookSettings(raw, 'source'), gapMs: milliseconds(raw.gap ?? '1s'), limitMs: milliseconds(raw.limit ?? '60s') }
}

function participantSettings(raw: RawParticipant): ParticipantSettings {
  const timeouts = Object.entries(raw.timeouts ?? {}).map(([verb, timeout]): [ParticipantVerb, number] => [verb as ParticipantVerb, milliseconds(timeout)])
  return {
    name: raw.name,
    callee: calleeOf(raw),
    verbs: raw.verbs ?? PARTICIPANT_VERBS,
    timeoutMs: milliseconds(raw.timeout ?? '10m'),
    timeoutsMs: new Map(timeouts),
    retries: raw.retries ?? 3,
    maxLag: raw.max_lag ?? 0,
    lagGapMs: milliseconds(raw.lag_gap ?? '1s'),
    lagLimitMs: milliseconds(raw.lag_limit ?? '10m'),
    options: raw.options ?? {},
  }
}

function calleeOf(raw: { readonly command: readonly string[] } | { readonly http: string; readonly headers?: Readonly<Record<string, string>> | undefined }): Callee {
  return 'command' in raw ? { kind: 'command', command: raw.command } : { kind: 'http', url: raw.http, headers: raw.headers ?? {} }
}

function milliseconds(text: string | number): number {
  return parseDuration(String(text)) ?? 0
}
