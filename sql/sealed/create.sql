-- Purpose: the side table in which sealed secrets travel: on the source what was sealed there, on the target what came, and what became of it.
-- Places: relation
-- Columns: digest of the plaintexts by the source; read_digest the same by the target; stored_digest of what the target then held
CREATE TABLE IF NOT EXISTS {{relation}} (
  table_no      integer NOT NULL,
  key           text[] NOT NULL,
  column_name   text NOT NULL,
  sealed        bytea NOT NULL,
  digest        bytea NOT NULL,
  read_digest   bytea,
  stored_digest bytea,
  PRIMARY KEY (table_no, key, column_name)
)
