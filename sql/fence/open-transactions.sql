-- Purpose: the transactions open in this database now, prepared ones included: those that a freeze must outlive.
-- Parameters: $1 prefix of the application names of the mover's own sessions
-- Result: id, pid (null for a prepared one), what (for a message)
-- Locks: none. pg_locks shows every virtual transaction to every role, and a virtual id is never used twice.
SELECT l.virtualtransaction AS id, l.pid,
       pg_catalog.format('pid %s (%s, %s)', l.pid, coalesce(nullif(a.application_name, ''), a.usename::text, 'unknown'), coalesce(a.state, 'open')) AS what
FROM pg_catalog.pg_locks AS l
JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'virtualxid' AND l.granted AND l.pid <> pg_catalog.pg_backend_pid()
  AND a.datname = pg_catalog.current_database() AND coalesce(a.backend_type, 'client backend') IN ('client backend', 'background worker', 'parallel worker')
  AND a.application_name NOT LIKE $1 || '%'
UNION ALL
SELECT 'prepared ' || gid, NULL, pg_catalog.format('prepared transaction %L of %s', gid, owner)
FROM pg_catalog.pg_prepared_xacts WHERE database = pg_catalog.current_database()
