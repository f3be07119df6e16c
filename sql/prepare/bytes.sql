-- Purpose: average stored size of the organization's rows, from at most a thousand of them.
-- Places: from, where
-- Result: bytes (text)
SELECT coalesce(avg(pg_catalog.pg_column_size(s.*)), 0)::text AS bytes FROM (SELECT t.* FROM {{from}} WHERE {{where}} LIMIT 1000) AS s
