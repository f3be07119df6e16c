-- Purpose: delete exactly the locked rows of one chunk; the replica role lets no cascade or trigger fire.
-- Places: table (AS t), matches
DELETE FROM {{table}} WHERE {{matches}}
