-- Purpose: hold the staged rows that the target has, so that what is compared next stays as it is until the route has flipped.
-- Places: stage, table, matches
-- Locks: FOR SHARE on those rows until the end of the transaction
SELECT count(*)::text AS held FROM (SELECT 1 FROM {{stage}} AS s JOIN {{table}} ON {{matches}} FOR SHARE OF t) AS rows
