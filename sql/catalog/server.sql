-- Purpose: which server and database this is.
-- Parameters: none. Locks: none.
-- Columns: version_num, system_identifier (text), timeline, database, encoding, in_recovery.
-- The timeline is the one WAL is written to now: after a promotion the control file names the old one until the next checkpoint.
SELECT current_setting('server_version_num')::int AS version_num,
       (SELECT s.system_identifier::text FROM pg_control_system() s) AS system_identifier,
       CASE WHEN pg_is_in_recovery()
            THEN greatest((SELECT k.timeline_id FROM pg_control_checkpoint() k), (SELECT r.min_recovery_end_timeline FROM pg_control_recovery() r))
            ELSE ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int
       END AS timeline,
       current_database()::text AS database,
       (SELECT pg_encoding_to_char(d.encoding) FROM pg_database d WHERE d.datname = current_database())::text AS encoding,
       pg_is_in_recovery() AS in_recovery
