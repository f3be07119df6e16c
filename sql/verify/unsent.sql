-- Purpose: rows of the organization on the target that the ledger does not name: somebody else wrote them.
-- Parameters: $1 most rows; places: key, from, where, ledger, matches
-- Result: key (text[]), total (the same in every row)
-- Locks: none
SELECT {{key}} AS key, count(*) OVER ()::text AS total
FROM {{from}}
WHERE ({{where}}) AND NOT EXISTS (SELECT 1 FROM {{ledger}} WHERE {{matches}})
LIMIT $1
