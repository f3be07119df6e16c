-- Purpose: which server this is, and where its log stands.
-- Result: system_identifier, timeline (int), lsn (text)
SELECT s.system_identifier::text AS system_identifier, c.timeline_id AS timeline, pg_catalog.pg_current_wal_lsn()::text AS lsn
FROM pg_catalog.pg_control_system() AS s, pg_catalog.pg_control_checkpoint() AS c
