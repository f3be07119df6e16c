-- Purpose: count and digest of the rows that purge/hold-batch holds, to be compared with the manifest's.
-- Places: relation
-- Result: rows, a, b (text)
SELECT count(*)::text AS rows, coalesce(sum(org_mover_a), 0)::text AS a, coalesce(sum(org_mover_b), 0)::text AS b FROM {{relation}}
