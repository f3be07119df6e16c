-- Purpose: add the shared rows that a set of moving rows refers to.
-- Places: relation, keys (over alias p), shared (the shared table AS p), referring (FROM item, alias t), where, matches
INSERT INTO {{relation}} SELECT DISTINCT {{keys}} FROM {{shared}}
WHERE EXISTS (SELECT 1 FROM {{referring}} WHERE ({{where}}) AND {{matches}}) ON CONFLICT DO NOTHING
