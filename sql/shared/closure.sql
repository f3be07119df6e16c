-- Purpose: add the shared rows that a set of moving rows refers to; found from the moving rows' side, so that the cost is theirs.
-- Places: relation, keys (over alias p), shared (the shared table AS p), distinct (columns AS f1…), from, where, not_null, matches (p with f)
INSERT INTO {{relation}} SELECT DISTINCT {{keys}}
FROM (SELECT DISTINCT {{distinct}} FROM {{from}} WHERE ({{where}}) AND {{not_null}}) AS f JOIN {{shared}} ON {{matches}}
ON CONFLICT DO NOTHING
