import type { Strategy } from './vocabulary.js'

/**
 * What a dictionary file or an inline entry of the configuration says about one table, after parsing and before it is held
 * against a catalog. Names are as written: a table without schema is looked for in `tenancy.schemas` in order.
 */
export interface DictionaryEntry {
  /** As written: `notes` or `public.notes`. */
  readonly table: string
  readonly origin: 'dictionary' | 'config'
  /** For messages: `dictionary/notes.yml:3`, or `org-mover.yaml tenancy.tables["public.notes"]`. */
  readonly place: string
  readonly class: string | null
  readonly shardingKey: readonly KeyReference[]
  readonly desiredShardingKey: readonly DesiredKey[]
  readonly database: readonly string[] | null
  readonly exempt: Strategy | null
  readonly unowned: 'error' | 'stay' | null
  readonly matchBy: readonly string[] | null
  readonly insertMissing: boolean
  readonly where: string | null
  readonly differBy: readonly string[]
  readonly purge: 'unreferenced' | null
  readonly inbound: 'stay' | null
  readonly columns: Readonly<Record<string, ColumnRule>>
}

/** One entry of `sharding_key`: `project_id: projects`, or `"run_id, created": "run(id, created)"`. */
export interface KeyReference {
  readonly columns: readonly string[]
  readonly table: string
  /** Null: the primary key of that table. */
  readonly referencedColumns: readonly string[] | null
}

/** One entry of `desired_sharding_key`: the owner is reached through `parent` by `foreignKey`. */
export interface DesiredKey {
  readonly column: string
  readonly foreignKey: string
  readonly parent: string
  readonly parentKey: string
}

export type ColumnRule =
  | { readonly kind: 'lookup'; readonly table: string }
  | { readonly kind: 'map'; readonly map: Readonly<Record<string, string | null>> }
  | { readonly kind: 'set'; readonly value: string | null }
  | { readonly kind: 'secret'; readonly secrets: readonly SecretRule[] }

export interface SecretRule {
  readonly codec: string
  readonly key: string
  readonly path: string | null
  readonly when: string | null
  readonly clear: 'pass' | 'error'
  /** What becomes of a value that cannot be opened. */
  readonly unreadable: 'stop' | 'carry' | 'null'
  /** `digest`: the column's full name, by which the operator accepts that its values are worth nothing on the target. */
  readonly acceptLoss: string | null
  readonly options: Readonly<Record<string, unknown>>
}
