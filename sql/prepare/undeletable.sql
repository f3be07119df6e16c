-- Purpose: tables whose deletes are published while the table has no replica identity: PostgreSQL then refuses every DELETE. It looks at the partition that
-- holds the row, and at the publications of all that this is a part of; the partitioned tables above one are told with it.
-- Result: schema, name; each once
WITH barred AS (
  SELECT c.oid
  FROM pg_catalog.pg_class AS c
  WHERE c.relkind = 'r' AND c.relpersistence = 'p'
    AND (c.relreplident = 'n' OR (c.relreplident = 'd' AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary)))
), above AS (
  SELECT b.oid AS leaf, b.oid FROM barred AS b
  UNION
  SELECT b.oid, a.relid::oid FROM barred AS b CROSS JOIN LATERAL pg_catalog.pg_partition_ancestors(b.oid) AS a
), published AS (
  SELECT DISTINCT a.leaf
  FROM above AS a JOIN pg_catalog.pg_class AS c ON c.oid = a.oid JOIN pg_catalog.pg_publication AS p ON p.pubdelete
  WHERE p.puballtables
    OR EXISTS (SELECT 1 FROM pg_catalog.pg_publication_rel AS r WHERE r.prpubid = p.oid AND r.prrelid = c.oid)
    OR EXISTS (SELECT 1 FROM pg_catalog.pg_publication_namespace AS s WHERE s.pnpubid = p.oid AND s.pnnspid = c.relnamespace)
)
SELECT DISTINCT n.nspname AS schema, c.relname AS name
FROM above AS a JOIN published AS p ON p.leaf = a.leaf JOIN pg_catalog.pg_class AS c ON c.oid = a.oid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
