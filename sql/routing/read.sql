-- Purpose: which cell serves an organization.
-- Parameters: $1 organization. Parts: table, org_column, org_type, cell_column, epoch (expression, text or NULL)
-- Result: cell, epoch (both text, null where the column is); two rows are enough to refuse
SELECT r.{{cell_column}}::text AS cell, {{epoch}}::text AS epoch
FROM {{table}} r
WHERE r.{{org_column}} = $1::{{org_type}}
LIMIT 2
