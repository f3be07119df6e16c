-- Purpose: add the shared rows that a declared predicate names.
-- Places: relation, keys (over alias t), from, where
INSERT INTO {{relation}} SELECT {{keys}} FROM {{from}} WHERE {{where}} ON CONFLICT DO NOTHING
