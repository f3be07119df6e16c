import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Client, escapeIdentifier } from 'pg'
import type { PoolClient } from 'pg'
import { administrator, clusterUrl, TEST_APPLICATION } from './clusters.js'
import type { ClusterName } from './clusters.js'

/** What a template holds: plain SQL, or files of it run in order (no psql commands). */
type TemplateSource = { readonly sql: string } | { readonly files: readonly string[] }

export interface TemplateDefinition {
  /** For people who look at the server: letters, digits, underscores. */
  readonly name: string
  readonly source: TemplateSource
}

/** Any number: one lock for all templates of a server. */
const LOCK = 7_204_511

/**
 * The name of a database that holds the template, built on first use in the run and then only copied: vitest workers that
 * want it at the same time wait for the first. Its content is part of its name, so that a changed one is another template.
 */
export async function templateDatabase(cluster: ClusterName, { name, source }: TemplateDefinition): Promise<string> {
  const sql = 'sql' in source ? source.sql : (await Promise.all(source.files.map((file) => readFile(file, 'utf8')))).join('\n;\n')
  const database = `template_${name}_${createHash('sha256').update(sql).digest('hex').slice(0, 12)}`
  const client = await administrator(cluster).connect()
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK])
    try {
      const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [database])
      if (rowCount === 0) await build(cluster, client, database, sql)
    } finally {
      await client.query('SELECT pg_advisory_unlock($1)', [LOCK])
    }
  } finally {
    client.release()
  }
  return database
}

/** It gets its name when it is complete, and takes no connections then: one of them would block every copy. */
async function build(cluster: ClusterName, administrator: PoolClient, database: string, sql: string): Promise<void> {
  const draft = `draft_${database}`
  await administrator.query(`DROP DATABASE IF EXISTS ${escapeIdentifier(draft)} WITH (FORCE)`)
  await administrator.query(`CREATE DATABASE ${escapeIdentifier(draft)}`)
  const client = new Client({ connectionString: clusterUrl(cluster, draft), application_name: TEST_APPLICATION })
  await client.connect()
  try {
    await client.query(sql)
    await client.query('VACUUM (ANALYZE)')
  } finally {
    await client.end()
  }
  await administrator.query(`ALTER DATABASE ${escapeIdentifier(draft)} RENAME TO ${escapeIdentifier(database)}`)
  await administrator.query(`ALTER DATABASE ${escapeIdentifier(database)} ALLOW_CONNECTIONS false`)
}
