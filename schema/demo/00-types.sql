-- Types, extensions and schemas of the demo cell: a code forge as a service, with many organizations in one database.
--
-- The schema is there to be realistic AND awkward: whatever has ever broken the move of one tenant stands in it on purpose, marked
-- "On purpose:". Load the files in order of their numbers, then one of variants/ if wanted, then SELECT demo.set_cell(n).
-- Works on PostgreSQL 15 to 18 with the contrib modules only.

CREATE EXTENSION IF NOT EXISTS citext SCHEMA public;
CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public;

-- Helpers of the demo itself; holds functions, no tables.
CREATE SCHEMA demo;
-- On purpose: some leaf partitions live in another schema than their root.
CREATE SCHEMA partitions;

CREATE TYPE visibility AS ENUM ('private', 'internal', 'public');
CREATE TYPE issue_state AS ENUM ('opened', 'closed', 'locked');
-- On purpose: the label order is not alphabetical, so that ordering by the enum differs from ordering by its text.
CREATE TYPE job_status AS ENUM ('created', 'pending', 'running', 'success', 'failed', 'canceled');
CREATE TYPE environment_tier AS ENUM ('production', 'staging', 'testing', 'development', 'other');

CREATE DOMAIN color AS text CHECK (VALUE ~ '^#[0-9a-f]{6}$');
CREATE DOMAIN git_sha AS bytea CHECK (octet_length(VALUE) = 20);
-- On purpose: a domain over an array.
CREATE DOMAIN scope_list AS text[] CHECK (cardinality(VALUE) < 50);

-- On purpose: a composite type as a column, holding a numeric whose scale matters.
CREATE TYPE price AS (amount numeric, currency text);

-- On purpose: a check that calls another function by its bare name. It works under the application's search_path only;
-- a session that loads under search_path = pg_catalog fails here, as restored dumps do.
CREATE FUNCTION squish(value text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN btrim(regexp_replace(value, '\s+', ' ', 'g'));

CREATE FUNCTION is_ref_name(value text) RETURNS boolean
  LANGUAGE plpgsql IMMUTABLE AS
$$
BEGIN
  RETURN value <> '' AND squish(value) = value;
END
$$;
