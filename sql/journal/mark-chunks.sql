-- Purpose: what happened to chunks of one table; the counts of the table follow, once for each change, however often it is told.
-- Parameters: $1 move id, $2 epoch, $3 table number,
--   $4 state of the table from now on (null: as it is), $5 bytes that were copied,
--   $6 jsonb array of {chunk_no, loaded, verified, purged, rows, bytes, source_fingerprint, target_fingerprint, stored_fingerprint}; what is left out stays
-- Result: held (1 or 0), chunks (how many are known), pause_requested: whether somebody asked the driver to rest
-- Locks: the row of the move, then the chunks and their table
WITH held AS (
  UPDATE org_mover.move SET bytes_copied = bytes_copied + $5, updated_at = clock_timestamp() WHERE id = $1 AND epoch = $2 RETURNING id, pause_requested_at
), marked AS (
  UPDATE org_mover.chunk c SET
    loaded             = coalesce(n.loaded, c.loaded),
    verified           = coalesce(n.verified, c.verified),
    purged             = coalesce(n.purged, c.purged),
    rows               = coalesce(n.rows, c.rows),
    bytes              = coalesce(n.bytes, c.bytes),
    loaded_at          = CASE WHEN n.loaded THEN clock_timestamp() ELSE c.loaded_at END,
    verified_at        = CASE WHEN n.verified THEN clock_timestamp() ELSE c.verified_at END,
    purged_at          = CASE WHEN n.purged THEN clock_timestamp() ELSE c.purged_at END,
    source_fingerprint = coalesce(n.source_fingerprint, c.source_fingerprint),
    target_fingerprint = coalesce(n.target_fingerprint, c.target_fingerprint),
    stored_fingerprint = coalesce(n.stored_fingerprint, c.stored_fingerprint)
  FROM held
  CROSS JOIN jsonb_to_recordset($6::jsonb) AS n(chunk_no int, loaded boolean, verified boolean, purged boolean, rows bigint, bytes bigint,
                                                source_fingerprint jsonb, target_fingerprint jsonb, stored_fingerprint jsonb)
  JOIN org_mover.chunk before ON before.move_id = $1 AND before.table_no = $3 AND before.chunk_no = n.chunk_no
  WHERE c.move_id = held.id AND c.table_no = $3 AND c.chunk_no = n.chunk_no
  RETURNING
    c.loaded::int * coalesce(c.rows, 0) - before.loaded::int * coalesce(before.rows, 0) AS copied,
    c.verified::int * coalesce(c.rows, 0) - before.verified::int * coalesce(before.rows, 0) AS verified,
    c.purged::int * coalesce(c.rows, 0) - before.purged::int * coalesce(before.rows, 0) AS purged
), counted AS (
  UPDATE org_mover.move_table t SET
    state         = coalesce($4, t.state),
    rows_copied   = t.rows_copied + s.copied,
    rows_verified = t.rows_verified + s.verified,
    rows_purged   = t.rows_purged + s.purged
  FROM (SELECT sum(copied) AS copied, sum(verified) AS verified, sum(purged) AS purged FROM marked) s
  WHERE t.move_id = $1 AND t.table_no = $3 AND s.copied IS NOT NULL
)
SELECT (SELECT count(*)::int FROM held) AS held, (SELECT count(*)::int FROM marked) AS chunks,
       (SELECT bool_or(pause_requested_at IS NOT NULL) FROM held) AS pause_requested
