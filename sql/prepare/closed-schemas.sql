-- Purpose: which of these schemas the mover's role may not look into.
-- Parameters: $1 names of schemas
-- Result: name
SELECT n.nspname AS name FROM pg_catalog.pg_namespace AS n
WHERE n.nspname = ANY ($1::text[]) AND n.nspname <> 'org_mover' AND NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE')
ORDER BY 1
