-- Purpose: note what the target reads in its own rows, and what it stores there.
-- Parameters: $1 table number, $2 keys as JSON arrays, $3 columns, $4 digests, in step
-- Places: relation, table (AS t), matches (t against s.key), stored (digest of the stored columns over t)
UPDATE {{relation}} AS s SET read_digest = u.digest, stored_digest = {{stored}}
FROM unnest($2::text[], $3::text[], $4::bytea[]) AS u(key, column_name, digest), {{table}}
WHERE s.table_no = $1 AND s.key = ARRAY(SELECT json_array_elements_text(u.key::json)) AND s.column_name = u.column_name AND {{matches}}
