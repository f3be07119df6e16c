-- Purpose: delete exactly the rows of one chunk by the keys in the ledger, never by range or predicate.
-- Parameters: $1 move id, $2 table number, $3 chunk number; places: table, ledger, matches
-- Locks: row locks on the rows deleted
DELETE FROM {{table}} USING {{ledger}} WHERE {{matches}}
