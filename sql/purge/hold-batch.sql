-- Purpose: lock the rows of one chunk on the source, so that nobody changes them or refers to them anew, and keep their keys and the two hashes of
--   their text in a temporary relation of the transaction: one pass over the rows for all of it.
-- Places: relation, names, columns (the same, of t), row (a text expression over alias t), from (the table AS t), where, seed1, seed2
-- Locks: FOR UPDATE on those rows until the end of the transaction
CREATE TEMPORARY TABLE {{relation}} ON COMMIT DROP AS
SELECT {{names}}, pg_catalog.hashtextextended(org_mover_row, {{seed1}}) AS org_mover_a, pg_catalog.hashtextextended(org_mover_row, {{seed2}}) AS org_mover_b
FROM (SELECT {{columns}}, ({{row}}) COLLATE pg_catalog."C" AS org_mover_row FROM {{from}} WHERE {{where}} OFFSET 0 FOR UPDATE OF t) AS held
