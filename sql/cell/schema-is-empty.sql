-- Purpose: whether the mover's schema holds nothing any more (the control database may share it).
-- Result: empty
SELECT NOT EXISTS (SELECT 1 FROM pg_catalog.pg_class WHERE relnamespace = n.oid)
   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_proc WHERE pronamespace = n.oid) AS empty
FROM pg_catalog.pg_namespace AS n WHERE n.nspname = 'org_mover'
