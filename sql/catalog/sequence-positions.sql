-- Purpose: where sequences stand.
-- Parameters: $1 oid[] of sequences, at most a few thousand: each is locked ROW EXCLUSIVE until the transaction ends (nextval does the
--   same and is not hindered), and a lock table holds about 6,400 locks by default. So: outside of any transaction.
-- Columns: oid, last_value (text; null where nextval was never called or the role may not read it).
SELECT c.oid,
       CASE WHEN has_sequence_privilege(c.oid, 'SELECT,USAGE') AND (c.relpersistence = 'p' OR NOT pg_is_in_recovery())
            THEN pg_sequence_last_value(c.oid)::text
       END AS last_value
FROM pg_class c
WHERE c.oid = ANY ($1::oid[]) AND c.relkind = 'S'
