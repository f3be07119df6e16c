-- Purpose: how many rows of a table are the organization's; joined with UNION ALL for several tables.
-- Places: no, from, where
-- Result: no, rows (text)
SELECT {{no}} AS no, count(*)::text AS rows FROM {{from}} WHERE {{where}}
