-- Purpose: tables whose deletes are published while the table has no replica identity: PostgreSQL then refuses every DELETE.
-- Result: schema, name
SELECT n.nspname AS schema, c.relname AS name
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p')
  AND (c.relreplident = 'n' OR (c.relreplident = 'd' AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary)))
  AND EXISTS (
    SELECT 1 FROM pg_catalog.pg_publication AS p
    WHERE p.pubdelete AND (
      p.puballtables
      OR EXISTS (SELECT 1 FROM pg_catalog.pg_publication_rel AS r WHERE r.prpubid = p.oid AND r.prrelid = c.oid)
      OR EXISTS (SELECT 1 FROM pg_catalog.pg_publication_namespace AS s WHERE s.pnpubid = p.oid AND s.pnnspid = c.relnamespace)))
