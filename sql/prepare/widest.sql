-- Purpose: how wide the organization's rows of a table get on the wire, from the stored lengths alone (nothing is detoasted).
-- Places: key (text array), text_bytes, binary_bytes (expressions over alias t), from, where
-- Result: key, text_bytes, binary_bytes (text) of the widest row
SELECT {{key}} AS key, ({{text_bytes}})::text AS text_bytes, ({{binary_bytes}})::text AS binary_bytes
FROM {{from}} WHERE {{where}} ORDER BY ({{text_bytes}}) DESC LIMIT 1
