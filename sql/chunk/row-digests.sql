-- Purpose: key and digest of each row of a chunk that differs, to name the rows.
-- Places: key (text array expression), row, from, where
-- Result: key, digest
SELECT {{key}} AS key, pg_catalog.md5({{row}}) AS digest FROM {{from}} WHERE {{where}}
