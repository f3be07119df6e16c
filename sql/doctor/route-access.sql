-- Purpose: whether the role may read the routing table with the columns that are configured; fails where it may not. Reads no row.
-- Parts: table; columns (as SQL, separated by commas)
SELECT {{columns}} FROM {{table}} LIMIT 0
