import { readdirSync, readFileSync } from 'node:fs'
import { MoverError } from '../domain/errors.js'
import type { Session } from '../postgres/session.js'
import { sql } from '../postgres/sql.js'

const MIGRATIONS = new URL('../../schema/control/', import.meta.url)

/** The same lock as for the mover's schema in a cell: a small installation may have both in one database. */
const SCHEMA_LOCK = `SELECT pg_advisory_xact_lock(hashtextextended('org_mover schema', 0))`

const VERSIONS = `CREATE TABLE org_mover.schema_version (
  version integer PRIMARY KEY, name text NOT NULL, installed_at timestamptz NOT NULL DEFAULT clock_timestamp())`

interface Migration {
  readonly version: number
  /** File name without ending: `002-journal`. */
  readonly name: string
}

/**
 * Creates or upgrades the control schema: all that is missing, in one transaction, under an advisory lock, so that two at once do
 * it once. Idempotent. Returns what was done, for people; empty where there was nothing to do. Throws OM2013 where the schema is
 * newer than this program.
 */
export async function installControlSchema(session: Session): Promise<string[]> {
  return session.transaction('READ COMMITTED', async () => {
    await session.execute(SCHEMA_LOCK)
    const done: string[] = []
    const there = await session.one<{ has_schema: boolean; has_versions: boolean }>(sql('journal/installed-versions'))
    if (!there.has_schema) {
      await session.execute('CREATE SCHEMA org_mover')
      await session.execute('REVOKE ALL ON SCHEMA org_mover FROM PUBLIC')
      done.push('created schema org_mover in the control database')
    }
    if (!there.has_versions) await session.execute(VERSIONS)
    const known = await versionsOf(session)
    refuseNewer(known)
    for (const migration of migrations()) {
      if (known.has(migration.version)) continue
      await session.execute(readFileSync(new URL(`${migration.name}.sql`, MIGRATIONS), 'utf8'))
      await session.execute('INSERT INTO org_mover.schema_version (version, name) VALUES ($1, $2)', [migration.version, migration.name])
      done.push(`applied ${migration.name} to the control schema`)
    }
    return done
  })
}

/** Throws OM2013 unless the control schema is exactly what this program works with. Reads only. */
export async function assertControlSchema(session: Session): Promise<void> {
  const there = await session.one<{ has_versions: boolean }>(sql('journal/installed-versions'))
  const known = there.has_versions ? await versionsOf(session) : new Set<number>()
  refuseNewer(known)
  const missing = migrations().filter((migration) => !known.has(migration.version))
  if (missing.length === 0) return
  throw new MoverError({
    code: 'OM2013',
    message: known.size === 0 ? 'the control database has no control schema' : `the control schema is older than this program: ${missing.map((m) => m.name).join(', ')} not applied`,
    hint: 'run `org-mover init`',
    retry: 'after-fix',
  })
}

async function versionsOf(session: Session): Promise<ReadonlySet<number>> {
  const rows = await session.rows<{ version: number }>('SELECT version FROM org_mover.schema_version')
  return new Set(rows.map((row) => row.version))
}

function refuseNewer(known: ReadonlySet<number>): void {
  const ours = new Set(migrations().map((migration) => migration.version))
  const newer = [...known].filter((version) => !ours.has(version))
  if (newer.length === 0) return
  throw new MoverError({
    code: 'OM2013',
    message: `the control schema is newer than this program (version ${Math.max(...newer)}); nothing was changed`,
    hint: 'use the org-mover that upgraded it, or a newer one',
    retry: 'never',
  })
}

function migrations(): readonly Migration[] {
  return readdirSync(MIGRATIONS)
    .flatMap((file) => {
      const match = /^(\d{3})-[a-z-]+\.sql$/.exec(file)
      return match === null ? [] : [{ version: Number(match[1]), name: file.slice(0, -'.sql'.length) }]
    })
    .sort((a, b) => a.version - b.version)
}
