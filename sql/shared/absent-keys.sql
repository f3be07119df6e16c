-- Purpose: keys of the staged rows that the target lacks, one array per key column, in step.
-- Places: arrays, stage, table, matches
-- Result: rows (text), k1, k2, …
SELECT count(*)::text AS rows, {{arrays}} FROM {{stage}} AS s WHERE NOT EXISTS (SELECT 1 FROM {{table}} WHERE {{matches}})
