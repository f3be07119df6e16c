-- Every cell hands out ids from its own range, so that no two cells ever make the same key.

-- Gives every sequence of schema public the range of cell number `cell` (1, 2, …) and restarts it there; for a database without rows.
-- Width of a range by what the column can hold: organizations 10^6 (ids that people see), bigint 10^12, integer 10^8, smallint 10^3.
CREATE FUNCTION demo.set_cell(cell integer) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS
$$
DECLARE
  s record;
  width bigint;
  first bigint;
BEGIN
  FOR s IN SELECT schemaname, sequencename, data_type::text AS kind FROM pg_sequences WHERE schemaname = 'public' LOOP
    width := CASE
      WHEN s.sequencename = 'organizations_id_seq' THEN 1000000
      WHEN s.kind = 'smallint' THEN 1000
      WHEN s.kind = 'integer' THEN 100000000
      ELSE 1000000000000
    END;
    first := (cell - 1) * width + 1;
    EXECUTE format('ALTER SEQUENCE %I.%I MINVALUE %s MAXVALUE %s START %s RESTART',
      s.schemaname, s.sequencename, first, first + width - 1, first);
  END LOOP;
END
$$;

-- After rows were inserted with explicit ids: continue every sequence behind the highest id that lies in its own range.
CREATE FUNCTION demo.advance_sequences() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS
$$
DECLARE
  s record;
BEGIN
  FOR s IN
    SELECT q.oid::regclass AS sequence, d.refobjid::regclass AS owner, a.attname, p.seqmin, p.seqmax
    FROM pg_class q
    JOIN pg_sequence p ON p.seqrelid = q.oid
    JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = q.oid AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE q.relnamespace = 'public'::regnamespace
  LOOP
    EXECUTE format('SELECT setval(%L, max(%I)) FROM %s WHERE %I BETWEEN %s AND %s HAVING max(%I) IS NOT NULL',
      s.sequence, s.attname, s.owner, s.attname, s.seqmin, s.seqmax, s.attname);
  END LOOP;
END
$$;
