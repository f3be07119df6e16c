-- Purpose: what went through the phase under way during the last minute, and how far it is.
-- Parameters: $1 move id, $2 phase (copy, verify or purge)
-- Result: rows, bytes (text) of the last minute; seconds that they took; done, total rows (text); none where no such phase runs
WITH run AS (
  SELECT started_at FROM org_mover.phase_run WHERE move_id = $1 AND phase = $2 AND ended_at IS NULL ORDER BY seq DESC LIMIT 1
), marked AS (
  SELECT rows, bytes,
         CASE $2 WHEN 'copy' THEN loaded WHEN 'verify' THEN verified ELSE purged END AS is_done,
         CASE $2 WHEN 'copy' THEN loaded_at WHEN 'verify' THEN verified_at ELSE purged_at END AS at
  FROM org_mover.chunk
  WHERE move_id = $1
)
SELECT coalesce(sum(m.rows) FILTER (WHERE m.at > greatest(run.started_at, clock_timestamp() - interval '1 minute')), 0)::text AS rows,
       coalesce(sum(m.bytes) FILTER (WHERE m.at > greatest(run.started_at, clock_timestamp() - interval '1 minute')), 0)::text AS bytes,
       least(60, extract(epoch FROM clock_timestamp() - run.started_at))::float8 AS seconds,
       -- a verification reads everything again
       coalesce(sum(m.rows) FILTER (WHERE m.is_done AND ($2 <> 'verify' OR m.at >= run.started_at)), 0)::text AS done,
       (SELECT coalesce(sum(planned.value::bigint), 0)::text FROM org_mover.move AS o, jsonb_each_text(o.manifest -> 'rows') AS planned WHERE o.id = $1) AS total
FROM run
LEFT JOIN marked AS m ON true
GROUP BY run.started_at
