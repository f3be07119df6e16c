-- Purpose: average stored size of the organization's rows, from at most a thousand of them; joined with UNION ALL for several tables.
-- Places: no, from, where
-- Result: no, bytes (text)
SELECT {{no}} AS no, coalesce(avg(pg_catalog.pg_column_size(s.*)), 0)::text AS bytes FROM (SELECT t.* FROM {{from}} WHERE {{where}} LIMIT 1000) AS s
