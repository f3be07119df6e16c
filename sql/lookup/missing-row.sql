-- Purpose: one lookup row in the projection that the target must hold.
-- Parameters: $1 the natural key as text array
-- Places: columns (as text), from, where
-- Result: row (text array)
SELECT ARRAY[{{columns}}] AS "row" FROM {{from}} WHERE {{where}}
