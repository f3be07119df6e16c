-- Purpose: what of the server's settings decides how long the mover may wait for a lock.
-- Parameters: none
-- Result: deadlock_timeout_ms
SELECT setting::int AS deadlock_timeout_ms FROM pg_catalog.pg_settings WHERE name = 'deadlock_timeout'
