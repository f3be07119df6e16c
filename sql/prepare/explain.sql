-- Purpose: how the organization's rows of a table will be read.
-- Places: from, where
EXPLAIN (FORMAT JSON) SELECT 1 FROM {{from}} WHERE {{where}}
