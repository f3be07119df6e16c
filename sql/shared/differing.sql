-- Purpose: staged rows that the target has with another content.
-- Places: stage, table, matches, staged_row, row, key (text array over alias s)
-- Result: key, total
SELECT {{key}} AS key, count(*) OVER ()::text AS total FROM {{stage}} AS s JOIN {{table}} ON {{matches}}
WHERE ({{staged_row}}) IS DISTINCT FROM ({{row}}) LIMIT 20
