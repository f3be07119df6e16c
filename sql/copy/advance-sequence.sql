-- Purpose: move a sequence past an id that was loaded, in the direction in which it runs and by its own steps (cells may take turns by increment), never back. Few steps are
--   taken by nextval, as anybody takes them: setval would set it back where others took ids since it was read. Many at once, which nobody takes in between, by setval.
-- Parameters: $1 the sequence as regclass text, $2 the loaded id that is furthest ahead within the sequence's range
-- Places: sequence
-- Result: advanced (where it stands now); no row where it stood there already
WITH s AS (
  SELECT q.seqincrement AS step, q.seqmin AS low, q.seqmax AS high, l.last_value AS last, l.is_called,
         l.last_value + pg_catalog.ceil(($2::numeric - l.last_value) / q.seqincrement) * q.seqincrement AS wanted
  FROM {{sequence}} AS l, pg_catalog.pg_sequence AS q WHERE q.seqrelid = $1::regclass
), aim AS (
  SELECT s.*, CASE WHEN wanted BETWEEN low AND high THEN wanted ELSE wanted - step END AS place FROM s
), steps AS (
  SELECT aim.*, (place - last) / step + CASE WHEN is_called THEN 0 ELSE 1 END AS ahead FROM aim
)
SELECT CASE WHEN ahead <= 10000 THEN (SELECT pg_catalog.max(taken.id) FROM (SELECT pg_catalog.nextval($1::regclass) AS id FROM pg_catalog.generate_series(1, ahead::int)) AS taken)
            ELSE pg_catalog.setval($1::regclass, place::bigint, true) END AS advanced
FROM steps WHERE ahead > 0
