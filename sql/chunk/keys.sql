-- Purpose: the keys of a chunk's rows as the target will hold them, one array per key column, in step.
-- Places: arrays, from, where
-- Result: rows (text), k1, k2, … (text form of text[])
SELECT count(*)::text AS rows, {{arrays}} FROM (SELECT {{columns}} FROM {{from}} WHERE {{where}}) AS projected
