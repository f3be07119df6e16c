import type { TableShape } from '../domain/move-plan.js'
import type { SecretCount } from '../domain/secret-count.js'
import type { Side } from '../domain/vocabulary.js'
import type { Opened } from './secret-value.js'

/** Counts, never values. */
export class SecretTally {
  readonly #counts = new Map<string, { readonly of: Pick<SecretCount, 'side' | 'database' | 'schema' | 'table' | 'column'>; values: number; clear: number; unreadable: number; readonly keys: Map<string, number> }>()

  saw(table: Pick<TableShape, 'no' | 'id'>, column: { readonly name: string }, side: Side, opened: Opened): void {
    const key = `${side} ${table.no} ${column.name}`
    const { database, schema, name } = table.id
    const count = this.#counts.get(key) ?? { of: { side, database, schema, table: name, column: column.name }, values: 0, clear: 0, unreadable: 0, keys: new Map<string, number>() }
    this.#counts.set(key, count)
    count.values += 1
    if (opened.kind === 'clear') count.clear += 1
    else if (opened.kind === 'unreadable') count.unreadable += 1
    else count.keys.set(opened.keyId ?? '?', (count.keys.get(opened.keyId ?? '?') ?? 0) + 1)
  }

  counts(): readonly SecretCount[] {
    return [...this.#counts.values()].map(({ of, keys, ...numbers }) => ({ ...of, ...numbers, keys: Object.fromEntries(keys) }))
  }

  /** Forgets what was seen, so that a pass that is made again does not count twice. */
  clear(): void {
    this.#counts.clear()
  }
}
