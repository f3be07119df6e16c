-- The journal of all moves. Every change of a move or of what belongs to it is guarded by (move id, epoch): a process that lost
-- its lease changes nothing (P6). Rows are never deleted.

CREATE TABLE org_mover.move (
  id              uuid PRIMARY KEY,
  org             text NOT NULL,
  source          text NOT NULL,
  target          text NOT NULL,
  state           text NOT NULL CHECK (state IN ('created', 'running', 'paused', 'failed', 'cut_over', 'purging', 'completed', 'aborting', 'aborted')),
  phase           text CHECK (phase IN ('prepare', 'freeze', 'copy', 'verify', 'cutover', 'purge')),
  pause_before    text CHECK (pause_before IN ('prepare', 'freeze', 'copy', 'verify', 'cutover', 'purge')),
  epoch           bigint NOT NULL DEFAULT 0,           -- raised by every change of the lease
  lease_holder    text,
  lease_until     timestamptz,                         -- by this server's clock
  route_epoch     bigint,                              -- the route's epoch that the cutover compares with
  plan            jsonb,
  manifest        jsonb NOT NULL DEFAULT '{}',
  verification    jsonb,
  findings        jsonb NOT NULL DEFAULT '[]',
  error           jsonb,
  created_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  updated_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  frozen_at       timestamptz,
  thawed_at       timestamptz,
  cut_over_at     timestamptz,
  retention_until timestamptz,
  ended_at        timestamptz,
  created_by      text NOT NULL,
  bytes_copied    bigint NOT NULL DEFAULT 0,
  CHECK (source <> target)
);

-- An organization has one move at a time (P6).
CREATE UNIQUE INDEX move_one_per_org ON org_mover.move (org) WHERE state NOT IN ('completed', 'aborted');

CREATE TABLE org_mover.move_table (
  move_id       uuid NOT NULL REFERENCES org_mover.move,
  table_no      integer NOT NULL,
  database      text NOT NULL,
  schema_name   text NOT NULL,
  table_name    text NOT NULL,
  class         text NOT NULL,
  rows_planned  bigint,
  rows_copied   bigint NOT NULL DEFAULT 0,
  rows_verified bigint NOT NULL DEFAULT 0,
  rows_purged   bigint NOT NULL DEFAULT 0,
  state         text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'running', 'done')),
  PRIMARY KEY (move_id, table_no)
);

-- A range of one table's owned rows by key, above `lower` (null: from the start) up to and with `upper` (null: to the end).
CREATE TABLE org_mover.chunk (
  move_id            uuid NOT NULL,
  table_no           integer NOT NULL,
  chunk_no           integer NOT NULL,
  lower              jsonb,
  upper              jsonb,
  rows               bigint,
  loaded             boolean NOT NULL DEFAULT false,
  verified           boolean NOT NULL DEFAULT false,
  purged             boolean NOT NULL DEFAULT false,
  source_fingerprint jsonb,
  target_fingerprint jsonb,
  stored_fingerprint jsonb,                            -- of the bytes as stored on the source; the purge compares with it
  bytes              bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (move_id, table_no, chunk_no),
  FOREIGN KEY (move_id, table_no) REFERENCES org_mover.move_table
);

CREATE TABLE org_mover.phase_run (
  seq        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  move_id    uuid NOT NULL REFERENCES org_mover.move,
  phase      text NOT NULL,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at   timestamptz,
  outcome    text
);

CREATE INDEX phase_run_move ON org_mover.phase_run (move_id, seq);

-- What the mover made on a cell: written before the thing is made, so that clean-up finds all of it.
CREATE TABLE org_mover.created_object (
  move_id    uuid NOT NULL REFERENCES org_mover.move,
  cell       text NOT NULL,
  database   text NOT NULL,
  kind       text NOT NULL,
  name       text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  removed_at timestamptz,
  PRIMARY KEY (move_id, cell, database, kind, name)
);

-- Who did what, when. Only ever added to.
CREATE TABLE org_mover.event (
  seq     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  move_id uuid REFERENCES org_mover.move,
  at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  who     text NOT NULL,
  command text NOT NULL,
  kind    text NOT NULL,
  detail  jsonb NOT NULL DEFAULT '{}'
);

CREATE INDEX event_move ON org_mover.event (move_id, seq);

CREATE FUNCTION org_mover.reject_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'org_mover.% is append-only', TG_TABLE_NAME USING ERRCODE = 'object_not_in_prerequisite_state';
END
$$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON org_mover.event
  FOR EACH STATEMENT EXECUTE FUNCTION org_mover.reject_change();
