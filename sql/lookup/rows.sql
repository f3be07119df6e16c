-- Purpose: all rows of a lookup table on both sides, with a number that rows of equal natural keys share: equal as the
--   columns' own types see it (citext, numeric), which their text does not tell.
-- Places: columns (as text, over alias t), names (with the aliases that stand there, as for the key), key, has_null, stage, table
-- Result: side, row (text array), key (null where the natural key holds NULL)
SELECT side, ARRAY[{{columns}}] AS "row", CASE WHEN {{has_null}} THEN NULL ELSE (dense_rank() OVER (ORDER BY {{key}}))::text END AS key
FROM (SELECT 'source' AS side, {{names}} FROM {{stage}} UNION ALL SELECT 'target', {{names}} FROM {{table}}) AS t
