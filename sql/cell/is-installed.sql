-- Purpose: whether the mover's schema is in this database.
-- Result: installed
SELECT pg_catalog.to_regclass('org_mover.guard') IS NOT NULL AS installed
