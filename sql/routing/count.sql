-- Purpose: how many organizations a cell serves, counted no further than matters.
-- Parameters: $1 cell's value, $2 the most that are counted. Parts: table, cell_column, cell_type
-- Result: routes (text)
SELECT count(*)::text AS routes FROM (SELECT 1 FROM {{table}} r WHERE r.{{cell_column}} = $1::{{cell_type}} LIMIT $2) AS counted
