-- Purpose: the cutover: compare-and-swap of the cell (P7).
-- Parameters: $1 organization, $2 value of the target cell, $3 value of the source cell, $4 epoch where there is an epoch column.
--   Parts: table, org_column, org_type, cell_column, cell_type, raise, same_epoch (" AND …" or nothing), epoch
-- Result: epoch (text or null); no row where the route is another, or several rows match
-- Locks: the row of the route
UPDATE {{table}} AS r
SET {{cell_column}} = $2::{{cell_type}}{{raise}}
WHERE r.{{org_column}} = $1::{{org_type}} AND r.{{cell_column}} = $3::{{cell_type}}{{same_epoch}}
  AND (SELECT count(*) FROM {{table}} every WHERE every.{{org_column}} = $1::{{org_type}}) = 1
RETURNING {{epoch}}::text AS epoch
