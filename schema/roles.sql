-- The rights that org-mover needs, and no more. Run with psql as a superuser, once in every database of every cell, once in the
-- control database, and once where the routing table lives if that is elsewhere. May be run again at any time.
--
--   psql "$CELL_A_URL"  -v part=cell    -v mover=org_mover -v owner=app -f schema/roles.sql
--   psql "$CELL_A_URL"  -v part=purge   -v mover=org_mover_purge -v source=org_mover -f schema/roles.sql
--   psql "$CONTROL_URL" -v part=control -v mover=org_mover -f schema/roles.sql
--   psql "$ROUTING_URL" -v part=routing -v mover=org_mover -v table=public.organization_routes -f schema/roles.sql
--
-- mover: the role that org-mover logs in as (give it a password yourself: \password org_mover). owner: the role that owns the
-- application's tables. Every URL of the configuration may have a role of its own: one for each cell, one for the control database,
-- one for routing. Purges may be run by another person with a configuration of their own, whose role (part=purge) is a member
-- of the one that moved (source): what the move left on the source belongs to that one. `org-mover doctor` says what is missing. Neither superuser nor pg_monitor nor REPLICATION is needed:
-- pg_locks shows to every role which transactions are open, which is what the freeze waits for.
\set ON_ERROR_STOP on

SELECT format('CREATE ROLE %I LOGIN NOSUPERUSER', :'mover') WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'mover') \gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), :'mover') \gexec

SELECT :'part' = 'cell' AS is_cell, :'part' = 'control' AS is_control, :'part' = 'routing' AS is_routing, :'part' = 'purge' AS is_purge \gset

\if :is_cell
  -- The schema org_mover with guard, ledger and key sets: made at the freeze, gone after abort or purge.
  SELECT format('GRANT CREATE ON DATABASE %I TO %I', current_database(), :'mover') \gexec
  -- Batches of keys of the purge, and the dry run, which writes nothing anywhere.
  SELECT format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), :'mover') \gexec
  -- Rows are loaded and purged without the application's triggers, in the mover's own sessions only (PostgreSQL 15 or newer).
  GRANT SET ON PARAMETER session_replication_role TO :"mover";
  -- SELECT, INSERT, UPDATE, DELETE and TRIGGER would carry the load, the fence and the purge; but to drop the fence's triggers
  -- afterwards, and to make them fire for replica-role sessions too (ENABLE ALWAYS), one must own the tables.
  GRANT :"owner" TO :"mover";
  -- Only needed where tables of the move have row security: policies would hide rows, and the mover refuses to read past that.
  ALTER ROLE :"mover" BYPASSRLS;
\endif

\if :is_purge
  GRANT :"source" TO :"mover";
  -- Attributes and parameters that membership does not bring along.
  GRANT SET ON PARAMETER session_replication_role TO :"mover";
  ALTER ROLE :"mover" BYPASSRLS;
\endif

\if :is_control
  -- `org-mover init` creates the schema org_mover with the journal and, unless configured otherwise, the routing table.
  SELECT format('GRANT CREATE ON DATABASE %I TO %I', current_database(), :'mover') \gexec
\endif

\if :is_routing
  -- The flip updates one row, `route set` may insert the first one. Column rights would do as well.
  SELECT format('GRANT USAGE ON SCHEMA %I TO %I', split_part(:'table', '.', 1), :'mover') \gexec
  SELECT format('GRANT SELECT, INSERT, UPDATE ON %I.%I TO %I', split_part(:'table', '.', 1), split_part(:'table', '.', 2), :'mover') \gexec
\endif
