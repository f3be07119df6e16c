-- Purpose: whether this server is a replica of the cluster asked for, and has replayed its log up to a place.
-- Parameters: $1 LSN of the primary
-- Result: system_identifier, in_recovery, replayed, behind (bytes, as text), paused (its replay, by an administrator)
SELECT s.system_identifier::text AS system_identifier, r.in_recovery,
       coalesce(r.lsn >= $1::pg_lsn, false) AS replayed,
       greatest(coalesce(pg_catalog.pg_wal_lsn_diff($1::pg_lsn, r.lsn), 0), 0)::text AS behind,
       CASE WHEN r.in_recovery THEN pg_catalog.pg_is_wal_replay_paused() ELSE false END AS paused
FROM pg_catalog.pg_control_system() AS s,
     (SELECT pg_catalog.pg_is_in_recovery() AS in_recovery, pg_catalog.pg_last_wal_replay_lsn() AS lsn) AS r
