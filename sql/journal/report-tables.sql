-- Purpose: what became of each table of a move, its chunks' fingerprints added up.
-- Parameters: $1 move id
-- Result: database, schema_name, table_name, class, state; chunks, rows_planned, rows_copied, rows_verified, rows_purged, bytes (text);
--   source_rows, source_a, source_b, target_rows, target_a, target_b (text; null where nothing was compared); verified_chunks (text)
SELECT t.database, t.schema_name, t.table_name, t.class, t.state, count(c.chunk_no)::text AS chunks,
       t.rows_planned::text AS rows_planned, t.rows_copied::text AS rows_copied, t.rows_verified::text AS rows_verified, t.rows_purged::text AS rows_purged,
       coalesce(sum(c.bytes), 0)::text AS bytes,
       sum((c.source_fingerprint ->> 'rows')::bigint)::text AS source_rows,
       sum((c.source_fingerprint ->> 'a')::numeric)::text AS source_a, sum((c.source_fingerprint ->> 'b')::numeric)::text AS source_b,
       sum((c.target_fingerprint ->> 'rows')::bigint)::text AS target_rows,
       sum((c.target_fingerprint ->> 'a')::numeric)::text AS target_a, sum((c.target_fingerprint ->> 'b')::numeric)::text AS target_b,
       count(*) FILTER (WHERE c.verified)::text AS verified_chunks
FROM org_mover.move_table AS t
LEFT JOIN org_mover.chunk AS c ON c.move_id = t.move_id AND c.table_no = t.table_no
WHERE t.move_id = $1
GROUP BY t.move_id, t.table_no
ORDER BY t.database, t.schema_name, t.table_name
