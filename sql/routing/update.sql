-- Purpose: set the cell of an organization that has a route.
-- Parameters: $1 organization, $2 cell's value. Parts: table, org_column, org_type, cell_column, cell_type, raise (", epoch = epoch + 1" or nothing), epoch
-- Result: epoch (text or null)
-- Locks: the row of the route
UPDATE {{table}} AS r
SET {{cell_column}} = $2::{{cell_type}}{{raise}}
WHERE r.{{org_column}} = $1::{{org_type}}
RETURNING {{epoch}}::text AS epoch
