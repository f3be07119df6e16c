-- Purpose: whether moving rows use ids that a sequence of the target will hand out.
-- Places: column, from, where, low, high (bigint literals, inclusive)
-- Result: total, min, max (text)
SELECT count(*)::text AS total, min({{column}})::text AS min, max({{column}})::text AS max
FROM {{from}} WHERE ({{where}}) AND {{column}} BETWEEN {{low}} AND {{high}}
