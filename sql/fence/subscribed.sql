-- Purpose: tables to which a subscription writes: an ENABLE ALWAYS trigger would stop its apply worker, and with it others' data.
-- Result: schema, name, root_schema and root_name (itself, or what it is a partition of), subscription, enabled
SELECT n.nspname AS schema, c.relname AS name, rn.nspname AS root_schema, r.relname AS root_name, u.subname AS subscription, u.subenabled AS enabled
FROM pg_catalog.pg_subscription_rel AS s
JOIN pg_catalog.pg_subscription AS u ON u.oid = s.srsubid
JOIN pg_catalog.pg_class AS c ON c.oid = s.srrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_class AS r ON r.oid = coalesce(pg_catalog.pg_partition_root(c.oid), c.oid) JOIN pg_catalog.pg_namespace AS rn ON rn.oid = r.relnamespace
