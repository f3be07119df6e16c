-- Purpose: the write fence of one table. Rejects a row of the organization, in either version of it; lets the mover's own
--   sessions pass by the pass in the guard. Argument of the trigger: new or old, the version to look at.
-- Places: function, body
-- The function is SECURITY DEFINER with row security off, so that the writer's rights and policies do not change what it sees.
CREATE OR REPLACE FUNCTION {{function}}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET row_security = off AS {{body}}
