-- Purpose: every n-th key of the organization's rows in key order: the inclusive upper bounds of its chunks.
-- Parameters: $1 rows per chunk
-- Places: keys (as text, by the aliases of names), names (none of them n), order, from, where
-- Result: key (text array)
-- Locks: ACCESS SHARE; a sort of the keys where no index has their order
SELECT ARRAY[{{keys}}] AS key
FROM (SELECT {{names}}, row_number() OVER (ORDER BY {{order}}) AS n FROM {{from}} WHERE {{where}}) AS numbered
WHERE n % $1::bigint = 0 ORDER BY n
