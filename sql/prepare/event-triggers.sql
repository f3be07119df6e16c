-- Purpose: event triggers that run at statements by which the mover makes, changes or drops what it keeps on a cell.
-- Result: name, function, tags (text; null where it runs at every statement)
-- Locks: catalog reads only
SELECT e.evtname::text AS name, n.nspname || '.' || p.proname AS function, array_to_string(e.evttags, ', ') AS tags
FROM pg_catalog.pg_event_trigger AS e
JOIN pg_catalog.pg_proc AS p ON p.oid = e.evtfoid
JOIN pg_catalog.pg_namespace AS n ON n.oid = p.pronamespace
WHERE e.evtenabled <> 'D' AND e.evtevent IN ('ddl_command_start', 'ddl_command_end', 'sql_drop')
  AND (e.evttags IS NULL OR e.evttags && ARRAY['CREATE SCHEMA', 'CREATE TABLE', 'CREATE TABLE AS', 'CREATE INDEX', 'CREATE FUNCTION', 'CREATE TRIGGER', 'ALTER TABLE', 'DROP TRIGGER', 'DROP FUNCTION', 'DROP TABLE', 'DROP SCHEMA'])
ORDER BY 1
