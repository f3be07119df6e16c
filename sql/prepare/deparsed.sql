-- Purpose: the same SQL with every name and operator qualified; expects search_path = pg_catalog.
-- Parameters: $1, $2 views, one with the condition declared and one with a constant
-- Result: declared, bare
SELECT pg_catalog.pg_get_viewdef($1::pg_catalog.regclass) AS declared, pg_catalog.pg_get_viewdef($2::pg_catalog.regclass) AS bare
