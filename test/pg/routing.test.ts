import { describe, expect, test } from 'vitest'
import type { PostgresRouting } from '../../src/config/settings.js'
import { createMove, loadMove, updateMove } from '../../src/move/journal.js'
import { acquireLease } from '../../src/move/lease.js'
import { PostgresRouter } from '../../src/routing/postgres-router.js'
import { freshControl } from '../support/control.js'

const OWN: PostgresRouting = {
  kind: 'postgres',
  url: null,
  table: { schema: 'org_mover', name: 'route' },
  orgColumn: 'organization',
  cellColumn: 'cell',
  epochColumn: 'epoch',
  cellValues: new Map([['cell-a', 'cell-a'], ['cell-b', 'cell-b']]),
  isOwn: true,
}

const FOREIGN: PostgresRouting = {
  ...OWN,
  table: { schema: 'Edge "1"', name: 'org"routes' },
  orgColumn: 'org id',
  cellColumn: 'cell_id',
  epochColumn: null,
  cellValues: new Map([['cell-a', '1'], ['cell-b', '2']]),
  isOwn: false,
}

const foreignTable = (orgType: string): string => `
  CREATE TYPE public.cell_no AS ENUM ('1', '2', '3');
  CREATE SCHEMA "Edge ""1""";
  CREATE TABLE "Edge ""1"""."org""routes" ("org id" ${orgType}, cell_id public.cell_no, version int, note text DEFAULT 'kept')`

describe('the own routing table', () => {
  test('holds a first route, a repair and a flip, each under a new epoch', async () => {
    await using control = await freshControl()
    const router = new PostgresRouter(control.session, OWN)
    expect(await router.read('42')).toBeNull()
    expect(await router.set('42', 'cell-a')).toEqual({ cell: 'cell-a', epoch: 1n })
    expect(await router.set('42', 'cell-a')).toEqual({ cell: 'cell-a', epoch: 2n })
    expect(await router.flip({ org: '42', from: 'cell-a', to: 'cell-b', epoch: 2n })).toEqual({ epoch: 3n })
    expect(await router.read('42')).toEqual({ cell: 'cell-b', epoch: 3n })
  })

  test('is not flipped from another cell, another epoch, or for an organization without route (P7)', async () => {
    await using control = await freshControl()
    const router = new PostgresRouter(control.session, OWN)
    await router.set('42', 'cell-a')
    await expect(router.flip({ org: '42', from: 'cell-b', to: 'cell-a', epoch: 1n })).rejects.toMatchObject({ code: 'OM5001' })
    await expect(router.flip({ org: '42', from: 'cell-a', to: 'cell-b', epoch: 2n })).rejects.toMatchObject({ code: 'OM5001', message: expect.stringContaining('epoch 1') })
    await expect(router.flip({ org: '42', from: 'cell-a', to: 'cell-b', epoch: null })).rejects.toMatchObject({ code: 'OM5001' })
    await expect(router.flip({ org: '43', from: 'cell-a', to: 'cell-b', epoch: 1n })).rejects.toMatchObject({ code: 'OM5001', message: expect.stringContaining('gone') })
    expect(await router.read('42')).toEqual({ cell: 'cell-a', epoch: 1n })
  })

  test('lets exactly one of several flips at once through', async () => {
    await using control = await freshControl()
    const sessions = await Promise.all(Array.from({ length: 6 }, () => control.connect()))
    const routers = sessions.map((session) => new PostgresRouter(session, OWN))
    await routers[0]?.set('42', 'cell-a')
    const flips = await Promise.allSettled(routers.map((router) => router.flip({ org: '42', from: 'cell-a', to: 'cell-b', epoch: 1n })))
    expect(flips.filter((flip) => flip.status === 'fulfilled')).toHaveLength(1)
    for (const flip of flips) if (flip.status === 'rejected') expect(flip.reason).toMatchObject({ code: 'OM5001' })
    expect(await routers[1]?.read('42')).toEqual({ cell: 'cell-b', epoch: 2n })
  })

  test('flips with the journal or not at all (P7)', async () => {
    await using control = await freshControl()
    const { session } = control
    const router = new PostgresRouter(session, OWN)
    expect(router.isTransactionalWith(session)).toBe(true)
    expect(router.isTransactionalWith(await control.connect())).toBe(false)
    await router.set('42', 'cell-a')
    const { id } = await createMove(session, { org: '42', source: 'cell-a', target: 'cell-b', pauseBefore: null, createdBy: 'sre@host' })
    const holder = { moveId: id, ...(await acquireLease(session, id, 'one', 60_000)) }
    const cutover = async (epoch: bigint) =>
      session.transaction('READ COMMITTED', async () => {
        await router.flip({ org: '42', from: 'cell-a', to: 'cell-b', epoch: 1n })
        await updateMove(session, { ...holder, epoch }, { state: 'cut_over', cutOverAt: 'now' })
      })
    await expect(cutover(holder.epoch - 1n)).rejects.toMatchObject({ code: 'OM3005' })
    expect(await router.read('42')).toEqual({ cell: 'cell-a', epoch: 1n })
    await cutover(holder.epoch)
    expect(await router.read('42')).toEqual({ cell: 'cell-b', epoch: 2n })
    expect(await loadMove(session, id)).toMatchObject({ state: 'cut_over' })
  })

  test('that is missing is a matter for init', async () => {
    await using control = await freshControl()
    await control.database.query('DROP TABLE org_mover.route')
    const router = new PostgresRouter(control.session, OWN)
    await expect(router.read('42')).rejects.toMatchObject({ code: 'OM2013' })
    await control.database.query('CREATE TABLE org_mover.route (organization text PRIMARY KEY, cell text NOT NULL, epoch bigint NOT NULL)')
    expect(await router.read('42')).toBeNull()
  })
})

describe('an existing routing table', () => {
  test.each([
    ['bigint', '42'],
    ['uuid', '5f2d8bb4-6f1c-4a57-9d43-0d5f7f1f0c11'],
    ['varchar(20)', "o'42"],
    ['char(10)', 'org 42'],
    ['numeric', '42'],
  ])('with an organization of type %s, odd names and cell values of its own serves', async (type, org) => {
    await using control = await freshControl()
    await control.database.query(foreignTable(type))
    const router = new PostgresRouter(control.session, FOREIGN)
    expect(await router.set(org, 'cell-a')).toEqual({ cell: 'cell-a', epoch: null })
    expect(await router.flip({ org, from: 'cell-a', to: 'cell-b', epoch: null })).toEqual({ epoch: null })
    expect(await router.read(org)).toEqual({ cell: 'cell-b', epoch: null })
    expect(await control.database.query('SELECT cell_id::text, note FROM "Edge ""1"""."org""routes"')).toEqual([{ cell_id: '2', note: 'kept' }])
  })

  test('with an epoch that is still NULL is compared and raised all the same', async () => {
    await using control = await freshControl()
    await control.database.query(`${foreignTable('bigint')}; INSERT INTO "Edge ""1"""."org""routes" VALUES (42, '1', NULL)`)
    const router = new PostgresRouter(control.session, { ...FOREIGN, epochColumn: 'version' })
    expect(await router.read('42')).toEqual({ cell: 'cell-a', epoch: null })
    await expect(router.flip({ org: '42', from: 'cell-a', to: 'cell-b', epoch: 0n })).rejects.toMatchObject({ code: 'OM5001' })
    expect(await router.flip({ org: '42', from: 'cell-a', to: 'cell-b', epoch: null })).toEqual({ epoch: 1n })
    expect(await router.flip({ org: '42', from: 'cell-b', to: 'cell-a', epoch: 1n })).toEqual({ epoch: 2n })
  })

  test('is read through its index', async () => {
    await using control = await freshControl()
    await control.database.query(`${foreignTable('bigint PRIMARY KEY')}; INSERT INTO "Edge ""1"""."org""routes" SELECT n, '1' FROM generate_series(1, 5000) n; ANALYZE`)
    const router = new PostgresRouter(control.session, FOREIGN)
    for (let n = 1; n <= 20; n += 1) await router.read(String(n))
    await control.session.rows('SELECT pg_stat_force_next_flush()')
    expect(await control.database.query(`SELECT idx_scan::int AS looked_up FROM pg_stat_user_tables WHERE relname = 'org"routes'`)).toEqual([{ looked_up: 20 }])
  })

  test('whose triggers keep the old cell, before or after the row is written, is not taken for flipped (P7)', async () => {
    await using control = await freshControl()
    const settings: PostgresRouting = { ...OWN, table: { schema: 'public', name: 'routes' }, isOwn: false }
    await control.session.execute(`CREATE TABLE public.routes (organization text PRIMARY KEY, cell text, epoch bigint);
      CREATE FUNCTION public.keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.cell := 'cell-a'; RETURN NEW; END $$;
      CREATE FUNCTION public.put_back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE public.routes SET cell = 'cell-a' WHERE cell <> 'cell-a'; RETURN NULL; END $$;
      INSERT INTO public.routes VALUES ('42', 'cell-a', 1)`)
    const router = new PostgresRouter(control.session, settings)
    const flip = async () => control.session.transaction('READ COMMITTED', () => router.flip({ org: '42', from: 'cell-a', to: 'cell-b', epoch: 1n }))
    for (const [time, action] of [['BEFORE', 'keep'], ['AFTER', 'put_back']] as const) {
      await control.session.execute(`CREATE TRIGGER spoils ${time} INSERT OR UPDATE ON public.routes FOR EACH ROW EXECUTE FUNCTION public.${action}()`)
      await expect(flip()).rejects.toMatchObject({ code: 'OM5001', message: expect.stringContaining('trigger of public.routes') })
      expect(await router.read('42')).toEqual({ cell: 'cell-a', epoch: 1n })
      await expect(router.set('43', 'cell-b')).rejects.toMatchObject({ code: 'OM5001' })
      await control.session.execute(`DROP TRIGGER spoils ON public.routes; DELETE FROM public.routes WHERE organization = '43'`)
    }
    expect(await flip()).toEqual({ epoch: 2n })
  })

  test('never makes the mover guess: several rows, an unknown cell, an id of another type, a column that is not there', async () => {
    await using control = await freshControl()
    await control.database.query(`${foreignTable('bigint')}; INSERT INTO "Edge ""1"""."org""routes" VALUES (1, '1'), (1, '1'), (2, '3'), (3, NULL)`)
    const router = new PostgresRouter(control.session, FOREIGN)
    await expect(router.read('1')).rejects.toMatchObject({ code: 'OM1001', message: expect.stringContaining('several rows') })
    await expect(router.set('1', 'cell-b')).rejects.toMatchObject({ code: 'OM1001' })
    await expect(router.flip({ org: '1', from: 'cell-a', to: 'cell-b', epoch: null })).rejects.toMatchObject({ code: 'OM1001' })
    await expect(router.read('2')).rejects.toMatchObject({ code: 'OM1005', message: expect.stringContaining('"3"') })
    await expect(router.read('3')).rejects.toMatchObject({ code: 'OM1005' })
    await expect(router.read('acme')).rejects.toMatchObject({ code: 'OM1006' })
    expect(await router.set('2', 'cell-b')).toEqual({ cell: 'cell-b', epoch: null })
    const wrong = new PostgresRouter(control.session, { ...FOREIGN, cellColumn: 'cell' })
    await expect(wrong.read('2')).rejects.toMatchObject({ code: 'OM1001', message: expect.stringContaining('no column cell') })
    expect(await control.database.query('SELECT count(*)::int AS n FROM "Edge ""1"""."org""routes" WHERE "org id" = 1 AND cell_id = \'1\'')).toEqual([{ n: 2 }])
  })
})
