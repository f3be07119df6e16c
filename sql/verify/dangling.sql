-- Purpose: loaded rows whose foreign key leads nowhere on the target: the replica role did not check them.
-- Places: key (text array), from, where, set, parent, matches
-- Result: key, total
SELECT {{key}} AS key, count(*) OVER ()::text AS total FROM {{from}}
WHERE ({{where}}) AND {{set}} AND NOT EXISTS (SELECT 1 FROM {{parent}} AS p WHERE {{matches}}) LIMIT 5
