import { installControlSchema } from '../../src/move/control-schema.js'
import { Session } from '../../src/postgres/session.js'
import { freshDatabase } from './database.js'
import type { TestDatabase } from './database.js'

/** A control database with its schema, and sessions on it as the mover opens them. Dispose it. */
export interface ControlDatabase extends AsyncDisposable {
  readonly database: TestDatabase
  /** The first of them. */
  readonly session: Session
  readonly connect: () => Promise<Session>
}

export async function freshControl(): Promise<ControlDatabase> {
  const database = await freshDatabase({ cluster: 'a' })
  const sessions: Session[] = []
  const connect = async (): Promise<Session> => {
    const session = await Session.open({ url: database.url, role: 'admin', label: 'control', applicationName: 'org-mover', lockTimeoutMs: 5_000 })
    sessions.push(session)
    return session
  }
  const session = await connect()
  await installControlSchema(session)
  return {
    database,
    session,
    connect,
    async [Symbol.asyncDispose]() {
      await Promise.all(sessions.map((one) => one[Symbol.asyncDispose]()))
      await database[Symbol.asyncDispose]()
    },
  }
}
