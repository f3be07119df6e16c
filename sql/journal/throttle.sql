-- Purpose: what was asked of the pace of a move, and what its driver said of it last; whether somebody asked the driver to rest.
-- Parameters: $1 move id
-- Result: orders (jsonb; null, as the two next, where nobody has said anything), waits_for, max_bytes_per_second (as text), pause_requested; no row where there is no such move
SELECT t.orders, t.waits_for, t.max_bytes_per_second::text AS max_bytes_per_second, m.pause_requested_at IS NOT NULL AS pause_requested
FROM org_mover.move AS m LEFT JOIN org_mover.throttle AS t ON t.move_id = m.id WHERE m.id = $1
