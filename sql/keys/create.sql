-- Purpose: an empty relation for a key set, with the owner's types and collations.
-- Places: temporary ("TEMPORARY" or nothing), relation, columns, owner
-- Locks: ACCESS SHARE on the owner
CREATE {{temporary}} TABLE {{relation}} AS SELECT {{columns}} FROM {{owner}} WITH NO DATA
