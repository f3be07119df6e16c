-- How fast a move may go, changed while it runs by `org-mover throttle`, and what its driver waits for. One row a move, once there is
-- something to say.
CREATE TABLE org_mover.throttle (
  move_id              uuid PRIMARY KEY REFERENCES org_mover.move,
  orders               jsonb NOT NULL DEFAULT '{}',    -- by operators: maxBytesPerSecond (null: none), paused
  waits_for            text,                           -- by the driver
  max_bytes_per_second bigint                          -- by the driver: the limit in force; null: none
);
