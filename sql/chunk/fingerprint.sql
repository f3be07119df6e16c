-- Purpose: count and order-independent digest of a set of rows: the sums of two 64-bit hashes of each row's text.
-- Places: row (a text expression over alias t), from, where, seed1, seed2
-- Result: rows, a, b (text)
-- The OFFSET keeps the planner from computing the row's text twice.
SELECT count(*)::text AS rows,
       coalesce(sum(pg_catalog.hashtextextended(r, {{seed1}})), 0)::text AS a,
       coalesce(sum(pg_catalog.hashtextextended(r, {{seed2}})), 0)::text AS b
FROM (SELECT ({{row}}) COLLATE pg_catalog."C" AS r FROM {{from}} WHERE {{where}} OFFSET 0) AS rows
