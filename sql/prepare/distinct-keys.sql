-- Purpose: the distinct values of a column that no index gives, by reading the table once.
-- Places: column (over alias t), from, limit
-- Result: key (text)
SELECT DISTINCT {{column}}::text COLLATE "C" AS key FROM {{from}} WHERE {{column}} IS NOT NULL LIMIT {{limit}}
