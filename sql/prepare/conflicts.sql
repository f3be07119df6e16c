-- Purpose: moving rows whose key of one unique or exclusion index is taken on the target.
-- Places: stage, staged (expressions AS e1…), predicate, table, existing (expressions AS e1…), matches, key (text array)
-- Result: key (text array of the index's values), total
SELECT {{key}} AS key, count(*) OVER ()::text AS total
FROM (SELECT {{staged}} FROM {{stage}} WHERE {{predicate}}) AS s
JOIN (SELECT {{existing}} FROM {{table}} WHERE {{predicate}}) AS x ON {{matches}} LIMIT 5
