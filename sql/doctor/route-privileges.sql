-- Purpose: whether the role may flip routes and make first ones.
-- Parameters: $1 the routing table as SQL
-- Result: may_update, may_insert
SELECT pg_catalog.has_table_privilege($1, 'UPDATE') AS may_update, pg_catalog.has_table_privilege($1, 'INSERT') AS may_insert
