-- What the mover keeps in a cell's database while a move holds it: installed at the freeze, gone after abort or purge.
-- Run by a role with CREATE on the database; every statement may be run again.
CREATE SCHEMA IF NOT EXISTS org_mover;
REVOKE ALL ON SCHEMA org_mover FROM PUBLIC;

-- One row per move. Every transaction in which the mover writes to this cell locks its row FOR SHARE and compares the epoch,
-- so that a process that lost its lease fails its first write (P6).
CREATE TABLE IF NOT EXISTS org_mover.guard (
  move_id uuid PRIMARY KEY,
  org     text NOT NULL,
  side    text NOT NULL CHECK (side IN ('source', 'target')),
  epoch   bigint NOT NULL,
  open    boolean NOT NULL,  -- whether loads and purges are allowed at all
  pass    text NOT NULL      -- the setting org_mover.pass with which the mover's own sessions pass the fence
);

-- One row per loaded chunk and per batch of inserted lookup or shared rows, written in the transaction that wrote the data.
CREATE TABLE IF NOT EXISTS org_mover.ledger (
  move_id   uuid NOT NULL,
  table_no  integer NOT NULL,
  chunk_no  integer NOT NULL,
  rows      bigint NOT NULL,
  loaded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (move_id, table_no, chunk_no)
);

-- The keys of those rows as this cell holds them, one array per key column, elements as text and in step.
CREATE TABLE IF NOT EXISTS org_mover.ledger_keys (
  move_id   uuid NOT NULL,
  table_no  integer NOT NULL,
  chunk_no  integer NOT NULL,
  column_no integer NOT NULL,
  keys      text[] NOT NULL,
  PRIMARY KEY (move_id, table_no, chunk_no, column_no)
);
-- Written once, read a few times, gone with the move: to compress them costs three times what storing them does.
ALTER TABLE org_mover.ledger_keys ALTER COLUMN keys SET STORAGE EXTERNAL;
