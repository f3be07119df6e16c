import { readFile } from 'node:fs/promises'
import type { TestDatabase } from './database.js'

const SCRIPT = new URL('../../schema/roles.sql', import.meta.url)

/** Runs schema/roles.sql as psql does, as far as that file goes: variables, \if, \gset and \gexec. */
export async function runRolesScript(database: TestDatabase, given: Readonly<Record<string, string>>): Promise<void> {
  const variables = new Map(Object.entries(given))
  const filled = (text: string): string =>
    text.replaceAll(/:(?<quote>['"])(?<name>\w+)\k<quote>/g, (_, quote: string, name: string) => {
      const value = variables.get(name)
      if (value === undefined) throw new Error(`schema/roles.sql asks for the variable ${name}`)
      return `${quote}${value.replaceAll(quote, quote + quote)}${quote}`
    })
  let isOn = true
  let statement = ''
  for (const line of (await readFile(SCRIPT, 'utf8')).split('\n')) {
    const text = line.replace(/--.*$/, '').trim()
    const condition = /^\\if :(?<name>\w+)$/.exec(text)?.groups?.['name']
    if (condition !== undefined) isOn = variables.get(condition) === 'true'
    else if (text === '\\endif') isOn = true
    if (!isOn || text === '' || (text.startsWith('\\') && statement === '')) continue
    statement += `${text}\n`
    const ending = /(?:;|\\(?<command>gset|gexec))\n$/.exec(statement)
    if (ending === null) continue
    const rows = await database.query<Record<string, unknown>>(filled(statement.slice(0, ending.index)))
    if (ending.groups?.['command'] === 'gset') for (const [name, value] of Object.entries(rows[0] ?? {})) variables.set(name, String(value))
    if (ending.groups?.['command'] === 'gexec') for (const row of rows) for (const text of Object.values(row)) await database.query(String(text))
    statement = ''
  }
}

/** Gives every relation and function of schema public to a role that may not log in. */
export async function giveTo(database: TestDatabase, owner: string): Promise<void> {
  await database.query(`DO $$ DECLARE what text; BEGIN
    CREATE ROLE ${owner};
    FOR what IN SELECT format('TABLE %I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v')
      UNION ALL SELECT 'FUNCTION ' || p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
    LOOP EXECUTE format('ALTER %s OWNER TO ${owner}', what); END LOOP; END $$`)
}

/** The database's URL for a role, which gets a password for it. */
export async function urlOf(database: TestDatabase, role: string): Promise<string> {
  await database.query(`ALTER ROLE ${role} PASSWORD 'weak'`)
  const url = new URL(database.url)
  url.username = role
  url.password = 'weak'
  return url.href
}
