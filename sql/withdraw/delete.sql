-- Purpose: delete the rows that nothing refers to.
-- Places: table (AS t), relation, matches
DELETE FROM {{table}} WHERE EXISTS (SELECT 1 FROM {{relation}} AS d WHERE {{matches}})
