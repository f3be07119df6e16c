-- Purpose: whether the control schema is there. Read from the catalog's tables: to_regclass may answer from what the session knew
--   before it waited for the lock that serialises installing.
-- Parameters: none
-- Result: has_schema, has_versions
SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = 'org_mover') AS has_schema,
       EXISTS (SELECT 1 FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
               WHERE n.nspname = 'org_mover' AND c.relname = 'schema_version') AS has_versions
