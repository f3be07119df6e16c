-- Purpose: tables to which a subscription writes: an ENABLE ALWAYS trigger would stop its apply worker, and with it others' data.
-- Result: schema, name
SELECT n.nspname AS schema, c.relname AS name
FROM pg_catalog.pg_subscription_rel AS s
JOIN pg_catalog.pg_class AS c ON c.oid = s.srrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
