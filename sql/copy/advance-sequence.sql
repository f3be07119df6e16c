-- Purpose: move a sequence past the ids that were loaded, upward only.
-- Parameters: $1 the sequence as regclass text, $2 largest loaded id
-- Places: sequence
-- Result: advanced
SELECT pg_catalog.setval($1::regclass, greatest($2::bigint, s.last_value), true) AS advanced
FROM {{sequence}} AS s WHERE $2::bigint >= s.last_value
