-- How much to make, and how ids are formed. To be run in one transaction with the other files, in order, on an installed cell
-- without rows, under these settings:
--   SET LOCAL session_replication_role = replica;   -- triggers would overwrite ids; foreign keys hold all the same (a test checks)
--   SET LOCAL TimeZone = 'UTC';
--   SET LOCAL demo.cell = 1; SET LOCAL demo.organizations = 20; SET LOCAL demo.big_org_rows = 0;
-- The same settings always give the same rows: nothing here asks for the time or for chance.
--
-- Organization number k of `stride` numbers its rows i = 0, 1, 2, … in each table; the id is first + i * stride, where first lies
-- at offset k of the cell's range. So every foreign key is computed, not looked up, and rows of different organizations
-- alternate in every table and in every key range: a bystander stands next to every row that moves.

CREATE TEMP TABLE seed_orgs ON COMMIT DROP AS
WITH given AS (
  SELECT current_setting('demo.cell')::bigint - 1 AS cell0,
    current_setting('demo.organizations')::bigint AS small,
    current_setting('demo.big_org_rows')::bigint AS big_rows
), orgs AS (
  SELECT k, given.*, k > small AS big, CASE WHEN k > small THEN big_rows ELSE 220 END AS r
  FROM given, generate_series(1, small + (big_rows > 0)::int) AS k
)
SELECT
  k, big,
  small + 1 AS stride,
  cell0 * 1000000 + k AS org_id,
  cell0 * 1000000000000 AS base,
  cell0 * 1000000000000 + k AS first,
  (cell0 * 100000000 + k)::integer AS first4,
  greatest(3, least(r / 500, 400)) AS projects,
  greatest(3, least(r / 2000, 100)) AS namespaces,
  greatest(6, least(r / 1000, 300)) AS users,
  greatest(6, least(r / 1000, 400)) AS few,
  greatest(9, least(r / 300, 3000)) AS labels,
  -- The rest are shares of the rows asked for, in parts of 200.
  greatest(8, r * 16 / 200) AS issues,
  greatest(8, r * 28 / 200) AS notes,
  greatest(4, r * 6 / 200) AS emoji,
  greatest(4, r * 10 / 200) AS label_links,
  greatest(4, r * 6 / 200) AS assignees,
  greatest(4, r * 4 / 200) AS todos,
  greatest(4, r * 8 / 200) AS versions,
  greatest(4, r * 6 / 200) AS queued,
  greatest(3, r * 6 / 200) AS mrs,
  greatest(5, r * 8 / 200) AS diffs,
  greatest(10, r * 24 / 200) AS diff_files,
  greatest(2, r * 2 / 200) AS annotations,
  greatest(3, r * 2 / 200) AS approvals,
  greatest(3, r * 6 / 200) AS pipelines,
  greatest(8, r * 32 / 200) AS jobs,
  greatest(4, r * 12 / 200) AS artifacts,
  greatest(3, r * 2 / 200) AS deployments,
  greatest(6, r * 16 / 200) AS audits,
  greatest(4, r * 2 / 200) AS uploads,
  greatest(3, r * 2 / 200) AS sessions
FROM orgs;

-- The id of the user number j of an organization. The first eight are people of several organizations: those with even j live on
-- every cell (ids 1 to 24), those with odd j on this cell only (30 people from base + 101); all others are the organization's own.
CREATE FUNCTION pg_temp.seed_user(base bigint, stride bigint, k bigint, j bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$
  SELECT CASE
    WHEN j < 8 AND j % 2 = 0 THEN 1 + (k * 3 + j / 2) % 24
    WHEN j < 8 THEN base + 101 + (k + j) % 30
    ELSE base + k + (1000 + j) * stride
  END
$$;

-- Text as people write it.
CREATE FUNCTION pg_temp.seed_text(i bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
$$
  SELECT (ARRAY['', 'Works for me.', E'First line\nsecond line\r\n', '日本語のテキスト 🚀', E'tab\tback\\slash \\N and "quotes"',
    NULL, E'Zoë''s naïve café, decomposed: e\u0301', '   leading and trailing   ', '\.', 'NULL', E'\u00a0\u200b'])[1 + (i % 11)]
$$;

-- A long text that does not compress, so that it is stored out of line.
CREATE FUNCTION pg_temp.seed_long(i bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
$$
  SELECT string_agg(md5((i * 1000 + g)::text), ' ' ORDER BY g) FROM generate_series(1, 400) AS g
$$;

-- Bytes that tell nothing, in place of a ciphertext.
CREATE FUNCTION pg_temp.seed_opaque(label text) RETURNS bytea LANGUAGE sql IMMUTABLE AS
$$
  SELECT sha512(convert_to(label, 'UTF8')) || substr(sha256(convert_to(label, 'UTF8')), 1, 12)
$$;

CREATE FUNCTION pg_temp.seed_sha(label text) RETURNS bytea LANGUAGE sql IMMUTABLE AS
$$
  SELECT substr(sha256(convert_to(label, 'UTF8')), 1, 20)
$$;
