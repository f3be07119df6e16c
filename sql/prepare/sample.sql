-- Purpose: how many rows answer a condition that none should, and a few of them by key.
-- Places: key (text array), from, where
-- Result: key, total (text)
SELECT {{key}} AS key, count(*) OVER ()::text AS total FROM {{from}} WHERE {{where}} LIMIT 5
