-- Purpose: take the keys out of a set that no row of the organization tells any more.
-- Places: relation (AS had), from, where, same (key of t = key of had)
-- Locks: ACCESS SHARE on the owner, row locks on the keys deleted
DELETE FROM {{relation}} AS had WHERE NOT EXISTS (SELECT 1 FROM {{from}} WHERE ({{where}}) AND {{same}})
