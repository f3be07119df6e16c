import type { KeyReference } from '../domain/dictionary.js'

/**
 * One entry of `sharding_key`: `project_id: projects`, `userId: "User(uuid)"`, `"run_id, at": "run(id, at)"`. Yields what is
 * wrong with it as text where it cannot be read.
 */
export function parseKeyReference(columnsText: string, target: string): KeyReference | string {
  const columns = splitList(columnsText)
  const [, table = target.trim(), listed] = /^(.+?)\s*\(([^()]*)\)$/.exec(target.trim()) ?? []
  const referencedColumns = listed === undefined ? null : splitList(listed)
  if (columns === null) return 'the key columns are a list with an empty name in it'
  if (table === '') return 'expected the name of a table'
  if (listed !== undefined && referencedColumns === null) return 'expected table(column, …)'
  if (referencedColumns !== null && referencedColumns.length !== columns.length) {
    return `${count(columns.length)} on the left, ${count(referencedColumns.length)} on the right: a composite reference has as many on both sides`
  }
  return { columns, table, referencedColumns }
}

function splitList(text: string): readonly string[] | null {
  const names = text.split(',').map((name) => name.trim())
  return names.includes('') ? null : names
}

function count(columns: number): string {
  return `${columns} column${columns === 1 ? '' : 's'}`
}
