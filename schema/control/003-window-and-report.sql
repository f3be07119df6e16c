-- What an operator asks of a move under way, and what its report tells afterwards, from any machine.
ALTER TABLE org_mover.move
  ADD COLUMN max_window_ms      bigint,        -- frozen for longer before its cutover, the move takes itself back; null: no limit
  ADD COLUMN estimate           jsonb,         -- of the window, as prepare made it
  ADD COLUMN pause_requested_at timestamptz,   -- the driver rests at the next chunk or phase; cleared by every change of the lease
  ADD COLUMN pause_requested_by text,
  ADD COLUMN activity           jsonb;         -- what the driver does or waits for, told with its heartbeat

-- For the throughput over time. Of the last time, where a chunk was repaired.
ALTER TABLE org_mover.chunk
  ADD COLUMN loaded_at   timestamptz,
  ADD COLUMN verified_at timestamptz,
  ADD COLUMN purged_at   timestamptz;

-- Who ran it: the holder of the lease, and the version of its program.
ALTER TABLE org_mover.phase_run
  ADD COLUMN driver  text,
  ADD COLUMN version text;
