-- Purpose: lock those rows, so that nobody can refer to them anew.
-- Places: table (AS t), relation, matches
-- Locks: FOR UPDATE on the rows until the end of the transaction
SELECT count(*)::text AS locked FROM (SELECT 1 FROM {{table}} WHERE EXISTS (SELECT 1 FROM {{relation}} AS d WHERE {{matches}}) FOR UPDATE OF t) AS rows
