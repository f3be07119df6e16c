import { Client } from 'pg'
import { expect, test } from 'vitest'
import { Session } from '../../src/postgres/session.js'
import { freshDatabase } from '../support/database.js'
import { transactionPooler } from '../support/transaction-pooler.js'

const PINS = `SELECT count(*)::int AS pinned FROM pg_stat_activity AS a, pg_settings AS s WHERE a.pid = pg_backend_pid() AND s.name IN ('session_replication_role', 'TimeZone', 'bytea_output') AND s.source = 'session'`

test('OM2011, P2: a pooler in transaction mode is refused before anything is set, though each statement comes to the server process that the last one came to', async () => {
  await using database = await freshDatabase({ cluster: 'a' })
  await using pooler = await transactionPooler(database.url)
  const open = (url: string): Promise<Session> => Session.open({ url, role: 'load', label: 'cell-b/main', applicationName: 'org-mover', lockTimeoutMs: 1000, settings: {} })
  await expect(open(pooler.url)).rejects.toMatchObject({ code: 'OM2011', hint: expect.stringContaining('session mode') })
  const application = new Client({ connectionString: pooler.url })
  await application.connect()
  expect((await application.query(PINS)).rows).toEqual([{ pinned: 0 }])
  await application.end()
  await using direct = await open(database.url)
  expect(await direct.rows(`SELECT current_setting('session_replication_role') AS role`)).toEqual([{ role: 'replica' }])
})
