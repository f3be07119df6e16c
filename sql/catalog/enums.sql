-- Purpose: enum types with their labels in their order.
-- Parameters: none. Locks: catalog reads only.
-- Columns: schema, name, labels.
SELECT n.nspname::text AS schema, t.typname::text AS name, array_agg(e.enumlabel::text ORDER BY e.enumsortorder) AS labels
FROM pg_enum e
JOIN pg_type t ON t.oid = e.enumtypid
JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'org_mover')
GROUP BY n.nspname, t.typname
ORDER BY n.nspname, t.typname
