-- Purpose: lock the rows of one verified chunk on the source, so that nobody changes them or refers to them anew.
-- Places: table (AS t), matches (semi-join with the chunk's keys)
-- Locks: FOR UPDATE on those rows until the end of the transaction
SELECT count(*)::text AS locked FROM (SELECT 1 FROM {{table}} WHERE {{matches}} FOR UPDATE OF t) AS rows
