-- Purpose: how far replicas, other readers of the log, and replication slots are behind this server.
-- Result: kind (replica, slot), name, behind (bytes, as text; null where the role may not see it)
-- Locks: none
SELECT 'replica' AS kind, coalesce(nullif(r.application_name, ''), r.pid::text) AS name,
       pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), r.replay_lsn)::text AS behind
FROM pg_catalog.pg_stat_replication AS r
WHERE r.state IS DISTINCT FROM 'backup'
UNION ALL
SELECT 'slot', s.slot_name::text, pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.restart_lsn)::text
FROM pg_catalog.pg_replication_slots AS s
WHERE s.restart_lsn IS NOT NULL
