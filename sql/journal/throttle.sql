-- Purpose: what was asked of the pace of a move, and what its driver said of it last.
-- Parameters: $1 move id
-- Result: orders (jsonb), waits_for, max_bytes_per_second (as text); no row where nobody has said anything
SELECT orders, waits_for, max_bytes_per_second::text AS max_bytes_per_second FROM org_mover.throttle WHERE move_id = $1
