-- Purpose: how many sessions of this database other than this move's wait for a lock now. pg_locks shows that to every role.
-- Parameters: $1 prefix of the application names of the move's sessions
-- Result: waiting
-- Locks: none that last
SELECT count(DISTINCT l.pid)::int AS waiting
FROM pg_catalog.pg_locks AS l
JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE NOT l.granted AND a.datname = pg_catalog.current_database() AND a.application_name NOT LIKE $1 || '%'
