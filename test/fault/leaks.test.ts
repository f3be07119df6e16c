import { readFile, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { administrator } from '../support/clusters.js'
import { startCli } from '../support/cli-process.js'
import type { CellsInProcess } from '../support/cells-in-process.js'
import type { TestDatabase } from '../support/database.js'
import { pastTheFence } from '../support/past-the-fence.js'
import { keyOf, keyring, mainOf, sealed, SECRET_TABLES, secretCells } from '../support/secret-cells.js'

/** Plaintexts of the secrets of organization 1, and every key in the forms that it could be printed in. */
const PLAINTEXTS = [/\btoken \d/, /\bnote \d/, /\bpassword \d/, /\bauth \d/, /\braw \d/, /\bloose x\b/, /\botp \d/, /written down/]
const KEYS = (['a', 'b'] as const).flatMap((cell) => ['k0', 'k1'].flatMap((version) => (['base64', 'hex', 'latin1'] as const).map((form) => keyOf(cell, version).toString(form))))

function leaksIn(text: string): readonly string[] {
  return [...PLAINTEXTS.filter((marker) => marker.test(text)).map(String), ...KEYS.filter((key) => text.includes(key)).map(() => 'a key'), ...PLAINTEXTS.filter((marker) => marker.test(Buffer.from(text.replaceAll(/[^0-9a-f]/g, ''), 'hex').toString('latin1'))).map((marker) => `${marker} in hex`)]
}

interface Watched {
  readonly name: string
  readonly text: string
}

interface LogPosition {
  readonly path: string
  readonly from: number
}

/** Everything that the program and the servers wrote while `work` ran, but for what was in the cells' own tables before. */
class Watch implements AsyncDisposable {
  readonly #cells: CellsInProcess
  readonly #folder: string
  readonly #logs: readonly LogPosition[]
  readonly #said: Watched[] = []

  private constructor(cells: CellsInProcess, folder: string, logs: readonly LogPosition[]) {
    this.#cells = cells
    this.#folder = folder
    this.#logs = logs
  }

  static async start(cells: CellsInProcess): Promise<Watch> {
    const logs = []
    for (const database of [mainOf(cells, 'a'), mainOf(cells, 'b'), cells.control]) {
      await administrator(database.cluster).query(`ALTER DATABASE ${database.name} SET log_statement = 'all'`)
      const [{ path } = { path: '' }] = await database.query<{ path: string }>(`SELECT current_setting('data_directory') AS path`)
      const log = join(dirname(path), 'postgres.log')
      logs.push({ path: log, from: (await stat(log)).size })
    }
    return new Watch(cells, await mkdtemp(join(tmpdir(), 'org-mover-leaks-')), logs)
  }

  /** Runs the built program, once for a reader and once for a script, at the highest level of logging. */
  async run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number | null> {
    const options = { env: { TMPDIR: this.#folder, ...env } }
    const result = await startCli([...args, '--config', this.#cells.configFile, '--log-level', 'trace', '--log-format', 'json', ...(this.#said.length % 2 === 0 ? ['--json'] : [])], options).result
    this.#said.push({ name: `${args.join(' ')}: stdout`, text: result.stdout }, { name: `${args.join(' ')}: stderr`, text: result.stderr })
    return result.code
  }

  async leaks(): Promise<readonly string[]> {
    const logs = await Promise.all(this.#logs.map(async ({ path, from }) => ({ name: path, text: (await readFile(path)).subarray(from).toString('latin1') })))
    expect(logs.map(({ text }) => text.includes('COPY (SELECT') || text.includes('org_mover.move')), 'the servers logged statements').toContain(true)
    const tables = [...(await written(this.#cells.control)), ...(await written(mainOf(this.#cells, 'a'))), ...(await written(mainOf(this.#cells, 'b')))]
    const files = await readdir(this.#folder, { recursive: true })
    return [...this.#said, ...logs, ...tables, ...files.map((text) => ({ name: 'file', text: `left behind: token 1 ${text}` }))].flatMap(({ name, text }) => leaksIn(text).map((leak) => `${leak} in ${name}`))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }
}

/** All rows of the mover's own tables. */
async function written(database: TestDatabase): Promise<readonly Watched[]> {
  const tables = await database.query<{ name: string }>(`SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = 'org_mover' AND c.relkind = 'r'`)
  const found: Watched[] = []
  for (const { name } of tables) found.push({ name, text: JSON.stringify(await database.query(`SELECT t::text FROM ${name} AS t`)) })
  return found
}

async function idOf(cells: CellsInProcess): Promise<string> {
  const [row] = await cells.control.query<{ id: string }>('SELECT id::text FROM org_mover.move ORDER BY created_at DESC LIMIT 1')
  return row?.id ?? ''
}

describe('no plaintext and no key leaves the process (P8)', () => {
  test('on the way that is meant', async () => {
    await using cells = await secretCells({ config: { secrets: { workers: 2 } } })
    await using watch = await Watch.start(cells)
    expect(await watch.run(['plan', '--org', '1', '--to', 'cell-b'])).toBe(0)
    expect(await watch.run(['move', '--org', '1', '--to', 'cell-b', '--yes', '--pause-before', 'cutover'])).toBe(0)
    const id = await idOf(cells)
    expect(await watch.leaks(), 'while it rests').toEqual([])
    expect(await watch.run(['verify', id])).toBe(0)
    expect(await watch.run(['resume', id, '--yes'])).toBe(0)
    expect(await watch.run(['verify', id])).toBe(0)
    expect(await watch.run(['status', id])).toBe(0)
    expect(await watch.run(['purge', id, '--yes'])).toBe(0)
    expect(await watch.leaks()).toEqual([])
  })

  test('where a value cannot be opened, where the target differs, and where a load fails', async () => {
    const unreadable = `UPDATE tokens SET token = '\\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff' WHERE id = 2`
    await using first = await secretCells({ source: unreadable })
    await using watching = await Watch.start(first)
    expect(await watching.run(['plan', '--org', '1', '--to', 'cell-b'])).toBe(3)
    expect(await watching.run(['move', '--org', '1', '--to', 'cell-b', '--yes'])).toBe(3)
    expect(await watching.leaks()).toEqual([])

    await using cells = await secretCells()
    await using watch = await Watch.start(cells)
    expect(await watch.run(['move', '--org', '1', '--to', 'cell-b', '--yes', '--pause-before', 'verify'])).toBe(0)
    await pastTheFence(mainOf(cells, 'b'), () => mainOf(cells, 'b').query(`UPDATE tokens SET note = '${sealed('another', keyOf('b')).toString('base64')}' WHERE id = 3`))
    expect(await watch.run(['resume', await idOf(cells), '--yes'])).toBe(4)
    expect(await watch.run(['abort', await idOf(cells), '--yes'])).toBe(0)
    // a secret that was readable when prepare looked, and is not any more, in a thread of its own
    await using changed = await secretCells({ config: { secrets: { workers: 1 } } })
    await using third = await Watch.start(changed)
    expect(await third.run(['move', '--org', '1', '--to', 'cell-b', '--yes', '--pause-before', 'freeze'])).toBe(0)
    await mainOf(changed, 'a').query(unreadable)
    expect(await third.run(['resume', await idOf(changed), '--yes'])).toBe(3)
    expect(await third.run(['abort', await idOf(changed), '--yes'])).toBe(0)
    expect(await third.leaks()).toEqual([])
    // COPY says in its error which row it stopped at, with all its columns
    await mainOf(cells, 'b').query(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused %', NEW; END $$; CREATE TRIGGER refuse BEFORE INSERT ON tokens FOR EACH ROW EXECUTE FUNCTION refuse()`)
    expect(await watch.run(['move', '--org', '1', '--to', 'cell-b', '--yes', '--pause-before', 'copy'])).toBe(0)
    await mainOf(cells, 'b').query('ALTER TABLE tokens ENABLE ALWAYS TRIGGER refuse')
    expect(await watch.run(['resume', await idOf(cells), '--yes'])).toBe(1)
    expect(await watch.run(['abort', await idOf(cells), '--yes'])).toBe(0)
    expect(await watch.leaks()).toEqual([])
  })

  test('where a keyring is wrong, and where a codec of the operator\'s own tells all it knows', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'org-mover-codec-'))
    const module = join(folder, 'telltale.mjs')
    await writeFile(module, `export default { name: 'telltale',
      decrypt(stored, ctx) { throw new Error(\`\${stored.toString()} token 1 \${JSON.stringify(ctx.key)} \${[...Object.values(ctx.key.versions)].join()}\`) },
      encrypt(plaintext, ctx) { throw new Error('token 1') } }`)
    try {
      const tables = { ...SECRET_TABLES, 'public.tokens': { columns: { token: { secret: { codec: 'telltale', key: 'app' } } } } }
      await using cells = await secretCells({ tables, config: { secrets: { codecs: [module] } } })
      await using watch = await Watch.start(cells)
      expect(await watch.run(['plan', '--org', '1', '--to', 'cell-b'])).toBe(3)
      expect(await watch.run(['move', '--org', '1', '--to', 'cell-b', '--yes'])).toBe(3)
      const good = JSON.stringify(keyring('a'))
      for (const wrong of [good.slice(0, -2), good.replace('"current":"k1"', '"current":"k9"'), good.replaceAll('=', ''), good.replace('"k1":"', '"k1":"AAAA'), `{"keys": {"app": ${keyOf('a').toString('base64')}}}`]) {
        await writeFile(join(dirname(cells.configFile), 'a-keys.yaml'), wrong, { mode: 0o600 })
        expect([2, 3], wrong.replaceAll(/[A-Za-z0-9+/]{20,}/g, '…')).toContain(await watch.run(['plan', '--org', '1', '--to', 'cell-b']))
      }
      expect(await watch.leaks()).toEqual([])
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  test('the search for leaks finds one', () => {
    expect(leaksIn('… token 7 …')).not.toEqual([])
    expect(leaksIn(`\\x${Buffer.from('token 7').toString('hex')}`)).not.toEqual([])
    expect(leaksIn(`k1: ${keyOf('a').toString('base64')}`)).not.toEqual([])
    expect(leaksIn('token, note, 7')).toEqual([])
  })
})
