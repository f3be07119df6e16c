import { describe, expect, test } from 'vitest'
import type { PostgresRouting } from '../../src/config/settings.js'
import { Session } from '../../src/postgres/session.js'
import { PostgresRouter } from '../../src/routing/postgres-router.js'
import { freshControl } from '../support/control.js'
import type { ControlDatabase } from '../support/control.js'
import { fencedCells, mainOf } from '../support/fenced-cells.js'
import { until } from '../support/until.js'

const ROUTES: PostgresRouting = {
  kind: 'postgres',
  url: null,
  table: { schema: 'public', name: 'routes' },
  orgColumn: 'org',
  cellColumn: 'cell',
  epochColumn: 'epoch',
  cellValues: new Map([['cell-a', 'cell-a'], ['cell-b', 'cell-b']]),
  isOwn: false,
}
const TABLE = `CREATE TABLE public.routes (org text PRIMARY KEY, cell text NOT NULL, epoch bigint); INSERT INTO public.routes VALUES ('1', 'cell-a', 4)`
const FLIP = { org: '1', from: 'cell-a', to: 'cell-b' }
const CELLS = `CREATE TABLE public.cells (name text PRIMARY KEY); INSERT INTO public.cells VALUES ('cell-a')`
const trigger = (body: string): string => `CREATE FUNCTION public.acts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$`
const BEFORE = 'CREATE TRIGGER acts BEFORE UPDATE ON public.routes FOR EACH ROW EXECUTE FUNCTION public.acts()'

async function contents({ database }: ControlDatabase): Promise<unknown> {
  return database.query('SELECT org, cell, epoch::text FROM public.routes ORDER BY 1')
}

describe('a flip that cannot be written is found before anything is fenced (P3, P7)', () => {
  test.each([
    ['an epoch of type text', 'ALTER TABLE public.routes ALTER epoch TYPE text', '42804'],
    ['a foreign key that does not know the cell', `${CELLS}; ALTER TABLE public.routes ADD FOREIGN KEY (cell) REFERENCES public.cells`, '23503'],
    ['one that is looked at when the transaction ends', `${CELLS}; ALTER TABLE public.routes ADD FOREIGN KEY (cell) REFERENCES public.cells DEFERRABLE INITIALLY DEFERRED`, '23503'],
    ['a CHECK', "ALTER TABLE public.routes ADD CHECK (cell <> 'cell-b')", '23514'],
    ['a trigger that raises', `${trigger("RAISE EXCEPTION 'routes are frozen tonight';")}; ${BEFORE}`, 'routes are frozen tonight'],
    ['a trigger that keeps the cell', `${trigger('NEW.cell := OLD.cell; RETURN NEW;')}; ${BEFORE}`, 'trigger of public.routes'],
    ['one that puts it back when the transaction ends', `${trigger("UPDATE public.routes SET cell = 'cell-a' WHERE cell <> 'cell-a'; RETURN NULL;")}; CREATE CONSTRAINT TRIGGER acts AFTER UPDATE ON public.routes DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.cell <> 'cell-a') EXECUTE FUNCTION public.acts()`, 'trigger of public.routes'],
    ['a trigger that takes its time', `${trigger('PERFORM pg_sleep(60); RETURN NEW;')}; ${BEFORE}`, '57014'],
  ])('%s', async (_, ddl, message) => {
    await using control = await freshControl()
    await control.database.query(`${TABLE}; ${ddl}`)
    const before = await contents(control)
    const router = new PostgresRouter(control.session, ROUTES)
    expect(await router.rehearse(FLIP)).toEqual([expect.objectContaining({ code: 'OM2133', severity: 'error', schema: 'public', table: 'routes', message: expect.stringContaining(message) })])
    expect(await contents(control)).toEqual(before)
    // and the session is as good as new
    expect(await control.session.one("SELECT current_setting('lock_timeout') AS lock, current_setting('statement_timeout') AS statement")).toEqual({ lock: '5s', statement: '0' })
  })

  test('a role that may not update the table', async () => {
    await using control = await freshControl()
    await control.database.query(`${TABLE}; DROP ROLE IF EXISTS rehearsal_weak; CREATE ROLE rehearsal_weak LOGIN PASSWORD 'weak'; GRANT SELECT, INSERT ON public.routes TO rehearsal_weak`)
    const url = new URL(control.database.url)
    url.username = 'rehearsal_weak'
    url.password = 'weak'
    {
      await using session = await Session.open({ url: url.href, role: 'admin', label: 'routing', applicationName: 'org-mover', lockTimeoutMs: 1_000 })
      expect(await new PostgresRouter(session, ROUTES).rehearse(FLIP)).toEqual([expect.objectContaining({ code: 'OM2133', severity: 'error', message: expect.stringContaining('42501') })])
    }
    await control.database.query('DROP OWNED BY rehearsal_weak; DROP ROLE rehearsal_weak')
  })

  test('a first route that cannot be made', async () => {
    await using control = await freshControl()
    await control.database.query(`${TABLE}; ALTER TABLE public.routes ADD owner text NOT NULL DEFAULT 'x'; ALTER TABLE public.routes ALTER owner DROP DEFAULT`)
    const router = new PostgresRouter(control.session, ROUTES)
    expect(await router.rehearse({ ...FLIP, org: '2' })).toEqual([expect.objectContaining({ code: 'OM2133', message: expect.stringContaining('23502') })])
    expect(await router.rehearse(FLIP)).toEqual([])
  })
})

describe('the rehearsal of a flip', () => {
  test('leaves a table that can be written as it is, of a route that is there and of one that is not, and tells nobody', async () => {
    await using control = await freshControl()
    await control.database.query(`${TABLE}; ${trigger("PERFORM pg_notify('routes', NEW.cell); RETURN NEW;")}; ${BEFORE}`)
    await using listener = await control.connect()
    await listener.execute('LISTEN routes')
    const heard: string[] = []
    listener.client.on('notification', ({ payload }) => heard.push(payload ?? ''))
    const before = await contents(control)
    const router = new PostgresRouter(control.session, ROUTES)
    expect(await router.rehearse(FLIP)).toEqual([])
    expect(await router.rehearse({ ...FLIP, org: '2' })).toEqual([])
    expect(await contents(control)).toEqual(before)
    expect(await router.flip({ ...FLIP, epoch: 4n })).toEqual({ epoch: 5n })
    await until('what the flip told', () => listener.rows('SELECT 1').then(() => heard.length > 0))
    expect(heard).toEqual(['cell-b'])
  })

  test('does not fire a trigger that could tell the outside of a flip that is then rolled back', async () => {
    await using control = await freshControl()
    await control.database.query(`${TABLE}; CREATE EXTENSION dblink; ${trigger("RAISE EXCEPTION 'fired'; RETURN NEW;")}; ${BEFORE}`)
    const look = async () => (await new PostgresRouter(control.session, ROUTES).rehearse(FLIP)).map(({ severity, message }) => `${severity}: ${message}`)
    expect(await look()).toEqual(['warning: the flip of the route was planned, but not tried: trigger acts of public.routes could tell somebody of it by way of dblink before it is rolled back'])
    await control.database.query('ALTER TABLE public.routes ALTER epoch TYPE text')
    expect(await look()).toEqual([expect.stringMatching(/^error: .*42804/)])
    await control.database.query('ALTER TABLE public.routes ALTER epoch TYPE bigint USING epoch::bigint; ALTER TABLE public.routes DISABLE TRIGGER acts')
    expect(await look()).toEqual([])
  })

  test('does not wait for a row that somebody holds', async () => {
    await using control = await freshControl()
    await control.database.query(TABLE)
    await using other = await control.connect()
    await other.execute("BEGIN; SELECT FROM public.routes WHERE org = '1' FOR UPDATE")
    expect(await new PostgresRouter(control.session, ROUTES).rehearse(FLIP)).toEqual([expect.objectContaining({ code: 'OM2133', severity: 'warning', message: expect.stringContaining('55P03') })])
    await other.execute('ROLLBACK')
  })

  test('stops plan and move with nothing changed on either cell', async () => {
    const routing = { kind: 'postgres', table: 'public.routes', org_column: 'org', cell_column: 'cell', epoch_column: 'epoch' }
    await using cells = await fencedCells({ routing })
    await cells.control.query(`${TABLE}; ${CELLS}; ALTER TABLE public.routes ADD FOREIGN KEY (cell) REFERENCES public.cells`)
    const plan = await cells.app.plan({ org: '1', to: 'cell-b' })
    expect(plan.blocking).toBe(true)
    expect(plan.findings.filter(({ severity }) => severity === 'error')).toEqual([expect.objectContaining({ code: 'OM2133', cell: 'routing', message: expect.stringContaining('23503') })])
    const refused = await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)
    expect(refused).toMatchObject({ state: 'aborted', phase: 'prepare', frozenSeconds: null, error: { code: 'OM2007' } })
    for (const cell of ['a', 'b'] as const) expect(await mainOf(cells, cell).query("SELECT 1 FROM pg_namespace WHERE nspname = 'org_mover'")).toEqual([])
    await cells.control.query("INSERT INTO public.cells VALUES ('cell-b')")
    expect(await cells.app.move({ org: '1', to: 'cell-b' }, cells.io)).toMatchObject({ state: 'cut_over', error: null })
  })
})
