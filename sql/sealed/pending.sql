-- Purpose: rows of a table whose secrets have not been opened on the target, with all that was sealed of them.
-- Parameters: $1 table number, $2 how many rows at most
-- Places: relation
-- Result: key (text array), columns, sealed, digests, in step
SELECT s.key, array_agg(s.column_name ORDER BY s.column_name) AS columns, array_agg(s.sealed ORDER BY s.column_name) AS sealed, array_agg(s.digest ORDER BY s.column_name) AS digests
FROM {{relation}} AS s WHERE s.table_no = $1 AND s.stored_digest IS NULL GROUP BY s.key ORDER BY s.key LIMIT $2
