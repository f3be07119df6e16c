-- Purpose: the values by which moving rows refer to a lookup table and which have no counterpart on the target.
-- Places: columns (as text), from, where, not_null, map, matches
-- Result: key (text array), rows (text)
SELECT ARRAY[{{columns}}] AS key, count(*)::text AS rows
FROM {{from}} WHERE ({{where}}) AND {{not_null}} AND NOT EXISTS (SELECT 1 FROM {{map}} AS m WHERE {{matches}})
GROUP BY {{group}} ORDER BY 1
