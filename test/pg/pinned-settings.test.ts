import type { Client } from 'pg'
import { expect, test } from 'vitest'
import { pinSettings } from '../../src/postgres/pinned-settings.js'
import { freshDatabase } from '../support/database.js'

/** A client whose statements go where `through` says, as by way of a pooler. */
function pooled(client: Client, through: (nth: number) => Promise<Client>): Client {
  let nth = 0
  return new Proxy(client, { get: (of, name) => (name === 'query' ? async (text: string) => (await through((nth += 1))).query(text) : Reflect.get(of, name)) })
}

test('OM2011: a pooler that gives each transaction to another server process, or resets it between two, is refused; one in session mode is not', async () => {
  await using database = await freshDatabase({ cluster: 'a' })
  const [one, two] = [await database.connect(), await database.connect()]
  const options = { role: 'read', lockTimeoutMs: 1000 } as const
  await expect(pinSettings(pooled(one, async (nth) => (nth % 2 === 1 ? one : two)), options)).rejects.toMatchObject({ code: 'OM2011', hint: expect.stringContaining('session mode') })
  await one.query('DISCARD ALL')
  const reset = async (): Promise<Client> => {
    await one.query('DISCARD ALL')
    return one
  }
  await expect(pinSettings(pooled(one, reset), options)).rejects.toMatchObject({ code: 'OM2011' })
  const [{ pid } = { pid: 0 }] = (await one.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows
  expect(await pinSettings(pooled(one, async () => one), options)).toBe(pid)
})
