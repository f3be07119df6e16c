-- Purpose: ask for another pace of a move, member by member, whoever drives it.
-- Parameters: $1 move id, $2 orders (jsonb)
INSERT INTO org_mover.throttle AS t (move_id, orders) VALUES ($1, $2::jsonb)
ON CONFLICT (move_id) DO UPDATE SET orders = t.orders || excluded.orders
