-- Purpose: the keys of the lookup or shared rows that this move inserted into one table, into a temporary relation.
-- Parameters: none (move and table are literals: a relation cannot be made from parameters)
-- Places: relation, keys (k1::type AS c1, …), ledger (FROM item k)
CREATE TEMPORARY TABLE {{relation}} ON COMMIT DROP AS SELECT DISTINCT {{keys}} FROM {{ledger}}
