-- Purpose: end a session of this very driver that it has given up, so that what it holds is free.
-- Parameters: $1 process id, $2 its application name
-- Result: ended
SELECT count(pg_catalog.pg_terminate_backend(pid, 1000))::int AS ended
FROM pg_catalog.pg_stat_activity WHERE pid = $1 AND application_name = $2 AND usename = current_user
