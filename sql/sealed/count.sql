-- Purpose: how many columns of a table were sealed.
-- Parameters: $1 table number
-- Places: relation
-- Result: sealed (text)
SELECT count(*)::text AS sealed FROM {{relation}} WHERE table_no = $1
