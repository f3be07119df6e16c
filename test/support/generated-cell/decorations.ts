import type { Draft } from './draft.js'
import { nameOf, quoteName, quoteText } from './model.js'
import type { GeneratedTable } from './model.js'

/** What stands on tables beside keys: nullable references, rules, constraints, row security, triggers. */
export function decorate(draft: Draft, table: GeneratedTable): void {
  if (table.kind === 'owned' && draft.random.chance(0.25)) beside(draft, table)
  if (table.kind === 'owned' && table.partition === null && draft.random.chance(0.25)) changed(draft, table)
  if (draft.random.chance(0.4)) constrain(draft, table)
  if (draft.random.chance(0.15)) secure(draft, table)
}

/** A nullable reference to an owned row (of the same table, perhaps) that decides nothing. */
function beside(draft: Draft, table: GeneratedTable): void {
  const choices = draft.owners(table.database)
  if (choices.length === 0) return
  const parent = draft.random.pick(choices)
  const reference = draft.refer(table, parent, 'beside', { notNull: false })
  for (const row of table.rows) {
    const rows = row.owner === null ? [] : draft.rowsOf(parent, row.owner)
    Object.assign(row.values, draft.valuesOf(reference, rows.length === 0 || draft.random.chance(0.4) ? null : draft.random.pick(rows)))
  }
}

/** Columns that a declared rule changes on the way: `set` and `map`. */
function changed(draft: Draft, table: GeneratedTable): void {
  const [set, map] = [draft.name('cached'), draft.name('storage')]
  const to = draft.random.pick([null, "it's"])
  table.columns.push({ name: set, type: 'text', constraint: '', computed: false, arrives: () => to })
  table.columns.push({ name: map, type: 'character varying(20)', constraint: '', computed: false, arrives: (value) => (value === 'nfs "1"' ? 'default' : value) })
  draft.declareColumn(table, set, { set: to })
  draft.declareColumn(table, map, { map: { 'nfs "1"': 'default' } })
  for (const row of table.rows) {
    if (row.cells.length > 1) Object.assign(row.values, { [set]: to, [map]: null })
    else Object.assign(row.values, { [set]: draft.random.pick(['x', null]), [map]: draft.random.pick(['nfs "1"', 'nfs', null]) })
  }
}

/** Unique and exclusion constraints of the kinds that the replica role or a plain look at columns misses. */
function constrain(draft: Draft, table: GeneratedTable): void {
  const tag = quoteName(table.tag)
  // rows that nothing tells apart share a tag
  const isUnique = new Set(table.rows.map((row) => row.tag)).size === table.rows.length
  if (table.partition !== null || !isUnique) return
  const name = nameOf(table)
  const column = draft.name('span')
  switch (draft.random.below(5)) {
    case 0:
      table.after.push({ sql: `ALTER TABLE ${name} ADD UNIQUE (${tag}) DEFERRABLE INITIALLY DEFERRED` })
      break
    case 1:
      table.after.push({ sql: `CREATE UNIQUE INDEX ON ${name} (lower(${tag}), (${tag} || 'x'))` })
      break
    case 2:
      table.after.push({ sql: `CREATE UNIQUE INDEX ON ${name} (${tag}) WHERE ${tag} <> 'none' AND length(${tag}) > 1` })
      break
    case 3:
      table.after.push({ sql: `CREATE UNIQUE INDEX ON ${name} (${tag}) NULLS NOT DISTINCT` })
      break
    default:
      table.columns.push({ name: column, type: 'int8range', constraint: '', computed: false })
      for (const [n, row] of table.rows.entries()) row.values[column] = `[${n * 10},${n * 10 + 10})`
      table.after.push({ sql: `ALTER TABLE ${name} ADD EXCLUDE USING gist (${quoteName(column)} WITH &&)` })
  }
}

function secure(draft: Draft, table: GeneratedTable): void {
  const name = nameOf(table)
  table.after.push({ sql: `ALTER TABLE ${name} ENABLE ROW LEVEL SECURITY${draft.random.chance(0.5) ? `; ALTER TABLE ${name} FORCE ROW LEVEL SECURITY` : ''}; CREATE POLICY nobody ON ${name} USING (false)` })
}

/** Triggers that would overwrite keys, write rows elsewhere or queue deletions, were they to fire during a move. */
export function addTriggers(draft: Draft, into: GeneratedTable): void {
  const schema = quoteName(draft.schema)
  for (const [n, table] of draft.tables.entries()) {
    if (table.kind === 'skip' || table.database !== into.database || !draft.random.chance(0.4)) continue
    const fan = `INSERT INTO ${nameOf(into)} (${quoteName(into.tag)}) VALUES (TG_OP || ${quoteText(table.name)})`
    const [before, after] = [`${schema}.before_${n}`, `${schema}.after_${n}`]
    const columns = table.columns.filter((column) => !column.computed && column.type === 'text').slice(0, 1)
    const overwrite = columns.map((column) => `NEW.${quoteName(column.name)} := 'overwritten';`).join(' ')
    table.after.push({
      sql: `CREATE FUNCTION ${before}() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN ${overwrite} RETURN NEW; END $f$;
        CREATE FUNCTION ${after}() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN ${into.key.length === 0 ? fan : `RAISE EXCEPTION 'a trigger fired'`}; RETURN NULL; END $f$;
        CREATE TRIGGER "zz before" BEFORE INSERT OR UPDATE ON ${nameOf(table)} FOR EACH ROW EXECUTE FUNCTION ${before}();
        CREATE TRIGGER "after" AFTER INSERT OR UPDATE OR DELETE ON ${nameOf(table)} FOR EACH ROW EXECUTE FUNCTION ${after}()`,
    })
  }
}
