-- Purpose: per-column digests of single rows, to name the columns that differ.
-- Places: key, columns (text array of md5), from, where
-- Result: key, columns
SELECT {{key}} AS key, {{columns}} AS columns FROM {{from}} WHERE {{where}}
