-- Purpose: change a move. What the patch does not name stays; manifest and verification are merged key by key.
-- Parameters: $1 move id, $2 epoch, $3 patch (jsonb, members as in MovePatch)
-- Result: one row (1); none for a process that lost its lease
-- Locks: the row of the move
UPDATE org_mover.move SET
  state           = CASE WHEN $3::jsonb ? 'state' THEN $3::jsonb ->> 'state' ELSE state END,
  phase           = CASE WHEN $3::jsonb ? 'phase' THEN $3::jsonb ->> 'phase' ELSE phase END,
  pause_before    = CASE WHEN $3::jsonb ? 'pauseBefore' THEN $3::jsonb ->> 'pauseBefore' ELSE pause_before END,
  route_epoch     = CASE WHEN $3::jsonb ? 'routeEpoch' THEN ($3::jsonb ->> 'routeEpoch')::bigint ELSE route_epoch END,
  plan            = CASE WHEN $3::jsonb ? 'plan' THEN $3::jsonb -> 'plan' ELSE plan END,
  manifest        = manifest || coalesce($3::jsonb -> 'manifest', '{}'),
  verification    = CASE WHEN $3::jsonb ? 'verification' THEN coalesce(verification, '{}') || ($3::jsonb -> 'verification') ELSE verification END,
  findings        = coalesce($3::jsonb -> 'findings', findings),
  error           = CASE WHEN $3::jsonb ? 'error' THEN nullif($3::jsonb -> 'error', 'null') ELSE error END,
  max_window_ms   = CASE WHEN $3::jsonb ? 'maxWindowMs' THEN ($3::jsonb ->> 'maxWindowMs')::bigint ELSE max_window_ms END,
  estimate        = CASE WHEN $3::jsonb ? 'estimate' THEN nullif($3::jsonb -> 'estimate', 'null') ELSE estimate END,
  -- set once: a phase that is run again after a crash does not move the moment it first happened
  frozen_at       = CASE WHEN $3::jsonb ? 'frozenAt' THEN coalesce(frozen_at, clock_timestamp()) ELSE frozen_at END,
  thawed_at       = CASE WHEN $3::jsonb ? 'thawedAt' THEN coalesce(thawed_at, clock_timestamp()) ELSE thawed_at END,
  cut_over_at     = CASE WHEN $3::jsonb ? 'cutOverAt' THEN coalesce(cut_over_at, clock_timestamp()) ELSE cut_over_at END,
  ended_at        = CASE WHEN $3::jsonb ? 'endedAt' THEN coalesce(ended_at, clock_timestamp()) ELSE ended_at END,
  retention_until = CASE WHEN $3::jsonb ? 'retentionMs' THEN clock_timestamp() + ($3::jsonb ->> 'retentionMs')::float8 * interval '1 ms' ELSE retention_until END,
  updated_at      = clock_timestamp()
WHERE id = $1 AND epoch = $2
RETURNING 1 AS held
