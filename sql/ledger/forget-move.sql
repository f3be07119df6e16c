-- Purpose: forget the ledger of a move that needs it no more.
-- Parameters: $1 move id
WITH keys AS (DELETE FROM org_mover.ledger_keys WHERE move_id = $1)
DELETE FROM org_mover.ledger WHERE move_id = $1
