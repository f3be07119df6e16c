-- Purpose: the keys of one chunk's rows, into a temporary relation of the transaction.
-- Places: relation, keys, from, where
CREATE TEMPORARY TABLE {{relation}} ON COMMIT DROP AS SELECT {{keys}} FROM {{from}} WHERE {{where}}
