-- Purpose: publications for whose sake PostgreSQL refuses every DELETE (or UPDATE) of a table: as the executor's CheckCmdReplicaIdentity decides it, leaf by leaf.
--   Publications count that name the leaf or an ancestor, their schema, or all tables; with publish_via_partition_root the topmost ancestor that
--   is named lends its row filter and column list. An index that is deferrable or not valid is no replica identity.
-- Parameters: $1 schemas, $2 names, $3 whether UPDATE counts, too (three arrays in step)
-- Result: schema, name (of the table named), publications (names), reason: identity, filter, columns, generated (PostgreSQL 18)
-- Locks: catalog reads only
WITH RECURSIVE reached AS (
  SELECT u.schema, u.name, u.updates, c.oid
  FROM unnest($1::text[], $2::text[], $3::boolean[]) AS u(schema, name, updates)
  JOIN pg_catalog.pg_namespace AS n ON n.nspname = u.schema
  JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = u.name
  UNION ALL
  SELECT r.schema, r.name, r.updates, i.inhrelid
  FROM reached AS r
  JOIN pg_catalog.pg_inherits AS i ON i.inhparent = r.oid
  JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid AND c.relispartition
), leaf AS (
  SELECT r.*, c.relreplident AS identity, c.relispartition, x.indexrelid, coalesce(x.columns, '{}') AS columns
  FROM reached AS r
  JOIN pg_catalog.pg_class AS c ON c.oid = r.oid AND c.relkind = 'r' AND c.relpersistence = 'p'
  LEFT JOIN LATERAL (
    SELECT i.indexrelid, ARRAY(SELECT a.attname FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey::int2[])) AS columns
    FROM pg_catalog.pg_index AS i
    WHERE i.indrelid = c.oid AND i.indisvalid AND i.indimmediate AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident ELSE false END
  ) AS x ON true
), line AS (
  SELECT l.oid AS leaf, l.oid::regclass AS relation, 0 AS height FROM leaf AS l
  UNION ALL
  SELECT l.oid, a.relid, a.height FROM leaf AS l CROSS JOIN LATERAL pg_catalog.pg_partition_ancestors(l.oid) WITH ORDINALITY AS a(relid, height) WHERE l.relispartition AND a.relid <> l.oid
), published AS (
  SELECT l.*, p.oid AS publication, p.pubname, p.puballtables, to_jsonb(p) ->> 'pubgencols' AS generated, named.count > 0 AS is_named, CASE WHEN p.pubviaroot AND l.relispartition THEN coalesce(named.topmost, l.oid) ELSE l.oid END AS as_relation
  FROM leaf AS l
  JOIN pg_catalog.pg_publication AS p ON p.pubdelete OR (l.updates AND p.pubupdate)
  CROSS JOIN LATERAL (
    SELECT count(*), (array_agg(n.relation::oid ORDER BY n.height DESC))[1] AS topmost
    FROM line AS n
    JOIN pg_catalog.pg_class AS c ON c.oid = n.relation
    WHERE n.leaf = l.oid AND (
      EXISTS (SELECT 1 FROM pg_catalog.pg_publication_rel AS r WHERE r.prpubid = p.oid AND r.prrelid = c.oid)
      OR EXISTS (SELECT 1 FROM pg_catalog.pg_publication_namespace AS s WHERE s.pnpubid = p.oid AND s.pnnspid = c.relnamespace))
  ) AS named
  WHERE p.puballtables OR named.count > 0
), judged AS (
  SELECT p.schema, p.name, p.pubname,
    p.identity <> 'f' AND p.indexrelid IS NULL AS lacks_identity,
    NOT p.puballtables AND p.identity <> 'f' AND EXISTS (
      SELECT 1 FROM regexp_matches(r.prqual::text, ':varattno (\d+)', 'g') AS v(found)
      JOIN pg_catalog.pg_attribute AS a ON a.attrelid = p.as_relation AND a.attnum = v.found[1]::int
      WHERE a.attname <> ALL (p.columns)) AS filters,
    NOT p.puballtables AND r.prattrs IS NOT NULL AND (p.identity = 'f' OR EXISTS (
      SELECT 1 FROM unnest(p.columns) AS k(name)
      WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = p.as_relation AND a.attnum = ANY (r.prattrs::int2[]) AND a.attname = k.name))) AS leaves_out,
    p.generated IS NOT NULL AND r.prattrs IS NULL AND EXISTS (
      SELECT 1 FROM pg_catalog.pg_attribute AS a
      WHERE a.attrelid = p.oid AND NOT a.attisdropped AND (a.attgenerated = 'v' OR (a.attgenerated = 's' AND p.generated <> 's')) AND (p.identity = 'f' OR a.attname = ANY (p.columns))) AS lacks_generated
  FROM published AS p
  LEFT JOIN pg_catalog.pg_publication_rel AS r ON r.prpubid = p.publication AND r.prrelid = p.as_relation
)
SELECT j.schema, j.name, array_agg(DISTINCT j.pubname::text ORDER BY j.pubname::text) AS publications, w.reason
FROM judged AS j
CROSS JOIN LATERAL (VALUES ('filter', j.filters), ('columns', j.leaves_out), ('generated', j.lacks_generated), ('identity', j.lacks_identity)) AS w(reason, holds)
WHERE w.holds
GROUP BY j.schema, j.name, w.reason
ORDER BY j.schema, j.name, w.reason
