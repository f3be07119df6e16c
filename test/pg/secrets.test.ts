import { describe, expect, test } from 'vitest'
import type { Finding } from '../../src/domain/finding.js'
import { pastTheFence } from '../support/past-the-fence.js'
import { keyOf, mainOf, opened, sealed, SECRET_TABLES, secretCells } from '../support/secret-cells.js'
import type { Cell } from '../support/secret-cells.js'
import type { CellsInProcess } from '../support/cells-in-process.js'

/** What a cell's application reads, by its own key and by an implementation that shares nothing with the mover: null where it cannot. */
async function readAs(cells: CellsInProcess, cell: Cell, reader: Cell = cell): Promise<readonly string[]> {
  const read = (stored: Buffer | string | null): string => {
    if (stored === null) return 'NULL'
    const bytes = Buffer.isBuffer(stored) ? stored : Buffer.from(stored, 'base64')
    return opened(bytes, keyOf(reader)) ?? opened(bytes, keyOf(reader, 'k0')) ?? `?${stored.toString()}`
  }
  const rows = async <Row extends Record<string, unknown>>(text: string): Promise<Row[]> => mainOf(cells, cell).query<Row>(text)
  const lines: string[] = []
  for (const row of await rows<{ id: string; token: Buffer | null; note: string | null }>('SELECT id, token, note FROM tokens WHERE organization_id = 1 ORDER BY id')) lines.push(`token ${row.id} ${read(row.token)} ${read(row.note)}`)
  for (const row of await rows<{ id: string; auth: string; fields: { name: string; value: string }[]; raw: string; rest: string; config: string }>(`SELECT id, config #>> '{auth,token}' AS auth, config -> 'fields' AS fields, raw ->> 'key' AS raw, raw::text AS rest, config::text AS config FROM connections WHERE organization_id = 1 ORDER BY id`)) {
    const password = row.fields.find((field) => field.name === 'password')?.value ?? ''
    lines.push(`connection ${row.id} ${read(row.auth)} ${row.fields[0]?.value} ${read(password)} ${read(row.raw)} ${row.rest.replace(row.raw, '…')} ${row.config.includes('12345678901234567890.10')}`)
  }
  for (const row of await rows<{ label: string; secret: string | null }>('SELECT label, secret FROM loose WHERE organization_id = 1')) lines.push(`loose ${row.label} ${read(row.secret)}`)
  for (const row of await rows<{ id: string; otp: string }>('SELECT id, otp FROM people WHERE id IN (7, 8) ORDER BY id')) lines.push(`person ${row.id} ${read(row.otp)}`)
  return lines.toSorted()
}

/** One table of the schema has no key, which is a warning of its own. */
function isOfSecrets({ code }: Finding): boolean {
  return code !== 'OM2116'
}

describe('secrets are encrypted anew on the way (P8)', () => {
  test('every secret reads on the target by its key alone; values in the clear and rows without a secret pass as they are', async () => {
    await using cells = await secretCells()
    const before = await readAs(cells, 'a')
    const moved = await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
    expect([moved.error, moved.verification.verdict, moved.state]).toEqual([null, 'equal', 'cut_over'])
    const after = await readAs(cells, 'b')
    // what was written down in the clear is encrypted now
    expect(after.map((line) => line.replaceAll('?', ''))).toEqual(before.map((line) => line.replaceAll('?', '')))
    expect(after.filter((line) => /token \d+ token/.test(line)).length).toBeGreaterThan(20)
    expect(after.filter((line) => line.includes('?written down'))).toEqual([])
    expect(before.filter((line) => line.includes('?written down')).length).toBeGreaterThan(3)
    const bySource = await readAs(cells, 'b', 'a')
    expect(bySource.filter((line) => /token \d+ token|password \d|note \d|raw \d|loose x loose|otp/.test(line)), 'nothing opens with the key of the source').toEqual([])
    const purged = await cells.app.purge(moved.moveId ?? '', {}, cells.io)
    expect([purged.error, purged.state]).toEqual([null, 'completed'])
  })

  test('a value that was tampered with on the target after the copy is found, by table, key and column', async () => {
    await using cells = await secretCells()
    const paused = await cells.app.move({ org: '1', to: 'cell-b', pauseBefore: 'verify' }, cells.io)
    expect([paused.error, paused.state]).toEqual([null, 'paused'])
    const [mine, theirs] = [keyOf('b'), keyOf('a')]
    const b = mainOf(cells, 'b')
    const hex = (bytes: Buffer): string => `'\\x${bytes.toString('hex')}'`
    const before = await b.query<{ id: string; token: Buffer; note: string }>('SELECT id, token, note FROM tokens ORDER BY id')
    const token = (id: number): Buffer => before.find((row) => row.id === String(id))?.token ?? Buffer.alloc(0)
    const flipped = Buffer.from(token(9))
    flipped[20] = (flipped[20] ?? 0) ^ 1
    await pastTheFence(b, () => b.query(`
      UPDATE tokens SET token = ${hex(token(3))} WHERE id = 2; UPDATE tokens SET token = ${hex(token(2))} WHERE id = 3;
      UPDATE tokens SET token = ${hex(sealed('token 5', theirs))} WHERE id = 5;
      UPDATE tokens SET token = ${hex(sealed('token 07', mine))} WHERE id = 7;
      UPDATE tokens SET token = ${hex(flipped)} WHERE id = 9;
      UPDATE tokens SET token = ${hex(token(10).subarray(0, -1))} WHERE id = 10;
      UPDATE tokens SET note = '${sealed('note 03', mine).toString('base64')}' WHERE id = 3;
      UPDATE tokens SET token = 'in the clear 0' WHERE id = 21;
      UPDATE tokens SET token = NULL WHERE id = 13;
      UPDATE connections SET config = jsonb_set(config, '{fields,1,value}', to_jsonb('${sealed('password 0', mine).toString('base64')}'::text)) WHERE id = 1;
      UPDATE connections SET config = jsonb_set(config, '{fields,0,value}', '"another"') WHERE id = 3;
      UPDATE connections SET raw = replace(raw::text, '1.0', '1')::json WHERE id = 5;
      UPDATE loose SET secret = '${sealed('loose w', mine).toString('base64')}' WHERE label = 'y';`))
    const resumed = await cells.app.verify(paused.moveId ?? '', cells.io)
    expect([resumed.error?.code, resumed.verification.verdict]).toEqual(['OM4001', 'different'])
    const found = resumed.verification.examples.map(({ table, primaryKey, columns }) => `${table} ${primaryKey['id'] ?? '-'} ${[...columns].sort().join()}`).toSorted()
    expect(found).toEqual(['connections 1 config', 'connections 3 config', 'connections 5 raw', 'loose - secret', 'tokens 10 token', 'tokens 13 token', 'tokens 2 token', 'tokens 21 token', 'tokens 3 note,token', 'tokens 5 token', 'tokens 7 token', 'tokens 9 token'].toSorted())
  })

  test('secrets that no key opens stop the move before it begins, by key, unless it is declared what becomes of them', async () => {
    const source = `UPDATE tokens SET token = '\\x00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff' WHERE id = 2; UPDATE tokens SET token = 'short' WHERE id = 3`
    await using cells = await secretCells({ source })
    const plan = await cells.app.plan({ org: '1', to: 'cell-b' })
    expect(plan.findings.filter(isOfSecrets).map(({ code, table, message, examples }) => `${code} ${table} ${examples.map((key) => key['id']).join()} ${message.replace(/.*anew: /, '')}`)).toEqual([
      'OM2127 tokens 2 no version of the key opens it: the wrong key, or the value was changed',
      'OM2127 tokens 3 it is in the clear',
    ])
    const rule = { codec: 'aes-256-gcm', key: 'app', when: `t.kind = 'secret'`, clear: 'pass' }
    for (const [unreadable, expected] of [['carry', '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'], ['null', null]] as const) {
      const tables = { ...SECRET_TABLES, 'public.tokens': { columns: { token: { secret: { ...rule, unreadable } } } } }
      await using others = await secretCells({ source, tables })
      const moved = await others.app.move({ org: '1', to: 'cell-b' }, others.io)
      expect([moved.error, moved.state, moved.verification.verdict]).toEqual([null, 'cut_over', 'equal'])
      expect(await mainOf(others, 'b').query(`SELECT encode(token, 'hex') AS token FROM tokens WHERE id IN (2, 3) ORDER BY id`)).toEqual([{ token: expected }, { token: Buffer.from('short').toString('hex') }])
    }
  })

  test('a shared row that is on both cells must hold the same secret, each under its own key', async () => {
    const other = `UPDATE people SET otp = '${sealed('another', keyOf('b')).toString('base64')}' WHERE id = 7`
    await using cells = await secretCells({ target: other })
    const plan = await cells.app.plan({ org: '1', to: 'cell-b' })
    expect(plan.findings.filter(isOfSecrets).map(({ code, table, examples }) => [code, table, examples])).toEqual([['OM2113', 'people', [{ id: '7' }]]])
    await using allowed = await secretCells({ target: other, tables: { ...SECRET_TABLES, 'public.people': { ...SECRET_TABLES['public.people'], differ_by: ['otp'] } } })
    expect((await allowed.app.plan({ org: '1', to: 'cell-b' })).findings.filter(isOfSecrets)).toEqual([])
  })

  test('secrets and keys that were wrong from the start are listed, all at once', async () => {
    const tables = {
      'public.people': { exempt: 'shared', columns: { otp: { secret: { codec: 'none', key: 'app' } } } },
      'public.tokens': { columns: { token: { secret: { codec: 'aes-256-gcm', key: 'other' } }, note: { secret: { codec: 'aes-256-gcm', key: 'app', path: '$.a' } }, kind: { secret: { codec: 'digest', key: 'app' } } } },
      'public.connections': { columns: { config: { secret: { codec: 'aes-256-gcm', key: 'app', path: 'auth' } }, raw: { secret: [{ codec: 'aes-256-gcm', key: 'app', path: '$.key' }, { codec: 'aes-256-gcm', key: 'app' }] } } },
    }
    await using cells = await secretCells({ tables })
    const { findings } = await cells.app.plan({ org: '1', to: 'cell-b' })
    const lines = findings.filter(({ severity }) => severity === 'error').map(({ code, table, message }) => `${code} ${table} ${message.split(': ').slice(1).join(': ')}`)
    expect(lines).toEqual(expect.arrayContaining([
      expect.stringContaining('OM2114 people cell-a: there is no codec none'),
      expect.stringContaining('OM2114 tokens the keyring of cell-a has no key other'),
      expect.stringContaining('OM2114 tokens it has a path, but is of type text'),
      expect.stringContaining('OM2128 tokens its digests are salted with key app'),
      expect.stringContaining('OM2114 connections the path auth cannot be read'),
      expect.stringContaining('OM2114 connections some of its rules have a path and some have none'),
    ]))
    const accepted = { 'public.tokens': { columns: { note: { secret: { codec: 'digest', key: 'app', accept_loss: 'public.tokens.note' } } } }, 'public.people': { exempt: 'shared', differ_by: ['otp'] } }
    await using others = await secretCells({ tables: accepted })
    const plan = await others.app.plan({ org: '1', to: 'cell-b' })
    expect(plan.findings.filter(isOfSecrets).map(({ code, severity, table }) => [code, severity, table])).toEqual([['OM2128', 'warning', 'tokens']])
  })
})
