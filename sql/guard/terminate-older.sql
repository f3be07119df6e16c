-- Purpose: end the sessions that an earlier driver of the same move left behind, so that their locks and streams go.
-- Parameters: $1 application name's prefix of the move, $2 application name of this driver
-- Result: ended
SELECT count(pg_catalog.pg_terminate_backend(pid))::int AS ended
FROM pg_catalog.pg_stat_activity
WHERE datname = pg_catalog.current_database() AND usename = current_user
  AND application_name LIKE $1 || '%' AND application_name <> $2 AND pid <> pg_catalog.pg_backend_pid()
