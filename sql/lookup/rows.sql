-- Purpose: all rows of a lookup table, by the columns that matter.
-- Places: columns (as text), from
-- Result: row (text array)
SELECT ARRAY[{{columns}}] AS "row" FROM {{from}}
