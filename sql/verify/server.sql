-- Purpose: which server this is, and where its log stands. The timeline is the one that WAL is written to now: after a
--   promotion the control file names the old one until the next checkpoint. What is flushed no crash can take back.
-- Result: system_identifier, timeline (int), lsn (text), flushed (text), version
SELECT s.system_identifier::text AS system_identifier,
       ('x' || substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int AS timeline,
       pg_catalog.pg_current_wal_lsn()::text AS lsn,
       pg_catalog.pg_current_wal_flush_lsn()::text AS flushed,
       pg_catalog.current_setting('server_version') AS version
FROM pg_catalog.pg_control_system() AS s
