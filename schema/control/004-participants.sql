-- What participants, which move what lives outside PostgreSQL, were asked and how it ended: the last run of each verb. Guarded as the
-- rest of the journal.
CREATE TABLE org_mover.participant_run (
  move_id     uuid NOT NULL REFERENCES org_mover.move,
  participant text NOT NULL,
  verb        text NOT NULL CHECK (verb IN ('check', 'replicate', 'lag', 'final_sync', 'verify', 'cutover', 'purge', 'purge_tracking', 'abort')),
  run         integer NOT NULL DEFAULT 1,              -- part of the idempotency key: raised when the verb is run again after it had ended
  state       text NOT NULL CHECK (state IN ('running', 'done', 'failed')),
  attempts    integer NOT NULL DEFAULT 0,
  facts       jsonb NOT NULL DEFAULT '{}',
  error       text,
  started_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  ended_at    timestamptz,
  PRIMARY KEY (move_id, participant, verb)
);
