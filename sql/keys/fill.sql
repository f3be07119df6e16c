-- Purpose: the keys of the organization's rows in the owner that are not in the set yet.
-- Places: relation, columns, from, where, not_null
-- Locks: ACCESS SHARE on the owner
INSERT INTO {{relation}} SELECT DISTINCT {{columns}} FROM {{from}} WHERE ({{where}}) AND {{not_null}} ON CONFLICT DO NOTHING
