/** Spelling apart: `organizationId`, `organization_id` and `OrganizationID` are one name. */
export function isSameName(a: string, b: string): boolean {
  return plain(a) === plain(b)
}

/** Tables by their names, spelling apart. */
export type TableNames<T> = ReadonlyMap<string, readonly T[]>

export function tableNames<T extends { readonly name: string }>(tables: readonly T[]): TableNames<T> {
  const names = new Map<string, T[]>()
  for (const table of tables) names.set(plain(table.name), [...(names.get(plain(table.name)) ?? []), table])
  return names
}

/**
 * The tables that a key column is named after, by as much of its name as any of them has: `project_id`, `projectId` and `source_project_id`
 * after projects, Project or project. A name is evidence for a person to weigh; no row moves by it alone.
 */
export function namedAfter<T>(column: string, tables: TableNames<T>): readonly T[] {
  const words = column.replaceAll(/([a-z\d])([A-Z])/g, '$1_$2').toLowerCase().split('_').filter((word) => word !== '')
  if (!KEY_WORDS.has(words.pop() ?? '')) return []
  for (let from = 0; from < words.length; from += 1) {
    const found = forms(words.slice(from).join('')).flatMap((form) => tables.get(form) ?? [])
    if (found.length > 0) return found
  }
  return []
}

const KEY_WORDS = new Set(['id', 'uuid', 'guid'])

function forms(singular: string): readonly string[] {
  return [...new Set([singular, `${singular}s`, `${singular}es`, singular.replace(/y$/, 'ies')])]
}

function plain(name: string): string {
  return name.replaceAll('_', '').toLowerCase()
}
