-- Purpose: the next distinct values of a column in its order, by one look-up in its index for each, not one for each row.
-- Places: column (over alias t), from, after (condition for the first), next (the same, above w.key), limit
-- Result: key (text)
WITH RECURSIVE walked AS (
  (SELECT {{column}} AS key, 1 AS n FROM {{from}} WHERE {{after}} ORDER BY {{column}} LIMIT 1)
  UNION ALL
  SELECT (SELECT {{column}} FROM {{from}} WHERE {{next}} ORDER BY {{column}} LIMIT 1), w.n + 1 FROM walked AS w WHERE w.key IS NOT NULL AND w.n < {{limit}}
)
SELECT w.key::text AS key FROM walked AS w WHERE w.key IS NOT NULL ORDER BY w.n
