-- Purpose: whether the mover's schema is in this database. Read from the catalog's tables: to_regclass may answer from what the
--   session knew before it waited for the lock that serialises installing.
-- Result: installed
SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
               WHERE n.nspname = 'org_mover' AND c.relname = 'guard') AS installed
