-- Purpose: bring shared rows that this move inserted back to what the source holds now; rows of others are left alone.
-- Places: table (AS t), sets, stage, matches, staged_row, row, ledger (FROM item k of the move's own keys), own
-- Locks: row locks on the rows updated
UPDATE {{table}} SET {{sets}} FROM {{stage}} AS s
WHERE {{matches}} AND ({{staged_row}}) IS DISTINCT FROM ({{row}}) AND EXISTS (SELECT 1 FROM {{ledger}} WHERE {{own}})
