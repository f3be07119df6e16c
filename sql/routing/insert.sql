-- Purpose: first route of an organization.
-- Parameters: $1 organization, $2 cell's value. Parts: table, org_column, org_type, cell_column, cell_type, epoch_column, epoch_value (both with a leading comma, or nothing), epoch
-- Result: epoch (text or null)
INSERT INTO {{table}} AS r ({{org_column}}, {{cell_column}}{{epoch_column}})
VALUES ($1::{{org_type}}, $2::{{cell_type}}{{epoch_value}})
RETURNING {{epoch}}::text AS epoch
