-- Purpose: insert the staged rows that the target lacks.
-- Places: table, columns, staged, stage, target, matches
INSERT INTO {{table}} ({{columns}}) OVERRIDING SYSTEM VALUE
SELECT {{staged}} FROM {{stage}} AS s WHERE NOT EXISTS (SELECT 1 FROM {{target}} WHERE {{matches}})
