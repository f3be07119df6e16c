-- Purpose: hold the rows of the target that loaded rows refer to and that were there before, so that a neighbour's open
--   DELETE of one is waited for instead of missed.
-- Places: parent, distinct (columns AS f1…), from, where, not_null, matches (p with f)
-- Locks: FOR KEY SHARE on those rows until the end of the transaction
SELECT count(*)::text AS locked FROM (
  SELECT 1 FROM (SELECT DISTINCT {{distinct}} FROM {{from}} WHERE ({{where}}) AND {{not_null}}) AS f JOIN {{parent}} AS p ON {{matches}} FOR KEY SHARE OF p
) AS held
