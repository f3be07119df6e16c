-- Purpose: indexes of all tables of `tables.sql`, invalid ones too.
-- Parameters: none. Locks: catalog reads only.
-- Columns: table_oid, name, is_primary, is_unique, is_exclusion, is_valid, is_immediate, nulls_not_distinct, columns (null for an
--   expression; INCLUDE columns left out), expressions, predicate, method, exclusion_operators (null unless it excludes), definition.
-- A column under a collation other than its own, one of the two nondeterministic, is an expression: it is another key.
-- A key over time (WITHOUT OVERLAPS, PostgreSQL 18) is unique and exclusion at once.
SELECT i.indrelid AS table_oid,
       x.relname::text AS name,
       i.indisprimary AS is_primary,
       i.indisunique AS is_unique,
       i.indisexclusion AS is_exclusion,
       i.indisvalid AND i.indisready AND i.indislive AS is_valid,
       i.indimmediate AS is_immediate,
       i.indnullsnotdistinct AS nulls_not_distinct,
       keys.columns,
       keys.expressions,
       pg_get_expr(i.indpred, i.indrelid) AS predicate,
       m.amname::text AS method,
       exclusion.operators AS exclusion_operators,
       pg_get_indexdef(i.indexrelid) AS definition
FROM pg_index i
JOIN pg_class x ON x.oid = i.indexrelid
JOIN pg_am m ON m.oid = x.relam
JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
  -- only keys that are expressions need deparsing
  SELECT array_agg(a.attname::text ORDER BY k.n) AS columns,
         array_agg(coalesce(quote_ident(a.attname), pg_get_indexdef(i.indexrelid, k.n, false) || coalesce(' COLLATE ' || other.collation, '')) ORDER BY k.n) AS expressions
  FROM generate_series(1, i.indnkeyatts) AS k(n)
  LEFT JOIN pg_attribute whole ON whole.attrelid = i.indrelid AND whole.attnum = i.indkey[k.n - 1] AND whole.attnum <> 0
  LEFT JOIN LATERAL (
    SELECT format('%I.%I', on_.nspname, o.collname) AS collation
    FROM pg_collation o
    JOIN pg_namespace on_ ON on_.oid = o.collnamespace
    WHERE o.oid = i.indcollation[k.n - 1] AND o.oid IS DISTINCT FROM whole.attcollation
      AND NOT (o.collisdeterministic AND coalesce((SELECT w.collisdeterministic FROM pg_collation w WHERE w.oid = whole.attcollation), true))
  ) other ON true
  LEFT JOIN pg_attribute a ON a.attrelid = whole.attrelid AND a.attnum = whole.attnum AND other.collation IS NULL
) keys
LEFT JOIN (
  SELECT k.conindid, array_agg(format('OPERATOR(%I.%s)', opn.nspname, o.oprname) ORDER BY u.position) AS operators
  FROM pg_constraint k
  CROSS JOIN unnest(k.conexclop) WITH ORDINALITY AS u(operator, position)
  JOIN pg_operator o ON o.oid = u.operator
  JOIN pg_namespace opn ON opn.oid = o.oprnamespace
  WHERE k.conexclop IS NOT NULL
  GROUP BY k.conindid
) exclusion ON exclusion.conindid = i.indexrelid
WHERE c.relkind IN ('r', 'p')
  AND c.relpersistence IN ('p', 'u')
  AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'org_mover')
ORDER BY i.indrelid, x.relname
