-- Purpose: how wide the organization's rows of a table get on the wire; only rows that may be too wide are read whole.
-- Places: key (text array), text_bytes, binary_bytes (exact, expressions over alias t), bound (of the text, from stored lengths alone), most, from, where
-- Result: key and binary_bytes (text) of the row that is widest in binary, text_bytes (text) of the one that is widest as text; none where no row may be too wide
SELECT {{key}} AS key, (max({{text_bytes}}) OVER ())::text AS text_bytes, ({{binary_bytes}})::text AS binary_bytes
FROM {{from}} WHERE ({{where}}) AND ({{bound}}) >= {{most}} ORDER BY ({{binary_bytes}}) DESC LIMIT 1
