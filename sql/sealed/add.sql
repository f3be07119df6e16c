-- Purpose: keep a batch of sealed columns.
-- Parameters: $1 table number, $2 keys as JSON arrays, $3 columns, $4 sealed, $5 digests, in step
-- Places: relation
INSERT INTO {{relation}} (table_no, key, column_name, sealed, digest)
SELECT $1, ARRAY(SELECT json_array_elements_text(u.key::json)), u.column_name, u.sealed, u.digest
FROM unnest($2::text[], $3::text[], $4::bytea[], $5::bytea[]) AS u(key, column_name, sealed, digest)
