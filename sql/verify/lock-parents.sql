-- Purpose: hold the rows of the target that loaded rows refer to and that were there before, so that a neighbour's open
--   DELETE of one is waited for instead of missed.
-- Places: parent, referring (FROM item), where, matches
-- Locks: FOR KEY SHARE on those rows until the end of the transaction
SELECT count(*)::text AS locked FROM (
  SELECT 1 FROM {{parent}} AS p WHERE EXISTS (SELECT 1 FROM {{referring}} WHERE ({{where}}) AND {{matches}}) FOR KEY SHARE OF p
) AS held
