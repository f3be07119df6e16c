import type { Session } from '../../../src/postgres/session.js'

interface Request {
  readonly source: Session
  readonly target: Session
  readonly table: { readonly id: { readonly name: string } }
}

/** Stands for the stream of rows: read on the source, written in the target's open transaction. */
export async function copyRows({ source, target, table }: Request): Promise<{ readonly rows: number; readonly bytes: number }> {
  const rows = await source.rows<{ key: string }>('sql:model/read {}', [table.id.name])
  await target.rows('sql:model/write {}', [table.id.name, rows.map(({ key }) => key)])
  return { rows: rows.length, bytes: rows.length }
}
