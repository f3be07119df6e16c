-- Purpose: sealed secrets of one table that were not opened, were read as something else than was sealed, or are stored otherwise since.
-- Parameters: $1 table number
-- Places: relation, table (AS t), matches (t against s.key), stored
-- Result: key (text array), column_name, pending; rows and all, the numbers of distinct rows and of sealed columns in total
SELECT s.key, s.column_name, s.stored_digest IS NULL AS pending
FROM {{relation}} AS s LEFT JOIN {{table}} ON {{matches}}
WHERE s.table_no = $1 AND (s.stored_digest IS NULL OR s.read_digest IS DISTINCT FROM s.digest OR s.stored_digest IS DISTINCT FROM {{stored}})
