-- Purpose: what each phase did over time, in at most 60 parts of equal length.
-- Parameters: $1 move id
-- Result: phase, at (where the part ends), seconds (its length), rows, bytes (text); parts in which nothing was done are left out
WITH done AS (
  SELECT d.phase, d.at, coalesce(c.rows, 0) AS rows, CASE WHEN d.phase = 'copy' THEN c.bytes ELSE 0 END AS bytes
  FROM org_mover.chunk AS c
  CROSS JOIN LATERAL (VALUES ('copy', c.loaded_at), ('verify', c.verified_at), ('purge', c.purged_at)) AS d (phase, at)
  WHERE c.move_id = $1 AND d.at IS NOT NULL
), began AS (
  SELECT phase, min(started_at) AS first_start FROM org_mover.phase_run WHERE move_id = $1 GROUP BY phase
), span AS (
  SELECT d.phase, least(b.first_start, min(d.at)) AS low, max(d.at) AS high FROM done AS d JOIN began AS b ON b.phase = d.phase GROUP BY d.phase, b.first_start
), parted AS (
  SELECT s.phase, s.low, greatest(0.05, extract(epoch FROM s.high - s.low)::float8 / 60) AS seconds FROM span AS s
)
SELECT p.phase, p.low + (n.part + 1) * p.seconds * interval '1 second' AS at, p.seconds, sum(d.rows)::text AS rows, sum(d.bytes)::text AS bytes
FROM done AS d
JOIN parted AS p ON p.phase = d.phase
CROSS JOIN LATERAL (SELECT least(59, floor(extract(epoch FROM d.at - p.low)::float8 / p.seconds)) AS part) AS n
GROUP BY p.phase, p.low, p.seconds, n.part
ORDER BY 2
