-- Purpose: the widest row of the organization in a table, from the stored lengths alone; joined with UNION ALL for several tables.
-- Places: no, text_bytes (an expression over alias t), from, where
-- Result: no, text_bytes (text; null without rows)
SELECT {{no}} AS no, max({{text_bytes}})::text AS text_bytes FROM {{from}} WHERE {{where}}
