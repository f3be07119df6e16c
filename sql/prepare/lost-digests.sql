-- Purpose: every row whose digest will be worth nothing on the target, by key, and how many there are.
-- Parameters: $1 how many keys at most
-- Places: key (text array), column, from, where
-- Result: key, total (text)
SELECT {{key}} AS key, count(*) OVER ()::text AS total FROM {{from}} WHERE ({{where}}) AND {{column}} IS NOT NULL ORDER BY 1 LIMIT $1
