-- Purpose: whether the control schema is there.
-- Parameters: none
-- Result: has_schema, has_versions
SELECT to_regnamespace('org_mover') IS NOT NULL AS has_schema, to_regclass('org_mover.schema_version') IS NOT NULL AS has_versions
