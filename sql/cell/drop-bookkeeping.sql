-- Purpose: remove the mover's tables once no move holds the database.
-- Locks: ACCESS EXCLUSIVE on the mover's own tables
DROP TABLE org_mover.ledger_keys, org_mover.ledger, org_mover.guard
