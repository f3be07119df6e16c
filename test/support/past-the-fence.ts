import type { TestDatabase } from './database.js'

/** Runs `work` in the database's own session as one that neither triggers nor the fence stop, as whoever corrupts rows by force. */
export async function pastTheFence(cell: TestDatabase, work: () => Promise<unknown>): Promise<void> {
  await cell.query(`SET session_replication_role = replica; SET TimeZone = 'UTC'; SELECT set_config('org_mover.pass', (SELECT pass FROM org_mover.guard), false)`)
  await work()
  await cell.query(`RESET session_replication_role; RESET org_mover.pass`)
}
