-- Purpose: keys of a deferrable unique constraint that stand twice since the load: the replica role did not check it.
-- Places: keys, table, from, where
-- Result: total
SELECT count(*)::text AS total FROM (
  SELECT 1 FROM {{table}} AS t WHERE ({{keys}}) IN (SELECT {{keys}} FROM {{from}} WHERE {{where}}) GROUP BY {{keys}} HAVING count(*) > 1
) AS twice
