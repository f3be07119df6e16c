-- Purpose: the columns of the routing table, to cast parameters to their types (a cast of the column would lose its index).
-- Parameters: $1 schema, $2 table
-- Result: name, type (as in a cast: format_type() says "character", which a cast reads as char(1)); no row where the table does not exist
SELECT a.attname::text AS name, format('%I.%I', tn.nspname, t.typname) AS type
FROM pg_attribute a
JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_namespace tn ON tn.oid = t.typnamespace
JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = $2 AND a.attnum > 0 AND NOT a.attisdropped
