-- Purpose: rows that stay and refer to rows of this chunk; looked for after the lock, when no new reference can come.
-- Places: child (AS x), equal (join with t), table (AS t), matches, stays
-- Result: total
SELECT count(*)::text AS total FROM {{child}} JOIN {{table}} ON {{equal}} WHERE {{matches}} AND {{stays}}
