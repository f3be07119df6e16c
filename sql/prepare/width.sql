-- Purpose: how wide the organization's rows of a table may be at most, from stored lengths alone (nothing is detoasted); joined with
--   UNION ALL for several tables.
-- Places: no, key (text array), bound (an expression over alias t), from, where
-- Result: no, bound (text), key of the row with the greatest bound; none without rows
(SELECT {{no}} AS no, ({{bound}})::text AS bound, {{key}} AS key FROM {{from}} WHERE {{where}} ORDER BY ({{bound}}) DESC LIMIT 1)
