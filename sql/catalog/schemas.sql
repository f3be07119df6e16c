-- Purpose: schemas of the application: not PostgreSQL's, not ours.
-- Parameters: none. Locks: catalog reads only.
-- Columns: name.
SELECT n.nspname::text AS name
FROM pg_namespace n
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'org_mover')
ORDER BY n.nspname
