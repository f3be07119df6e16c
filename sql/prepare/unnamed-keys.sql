-- Purpose: which of these values are no organization's id.
-- Parameters: $1 the values (text[]). Places: root (alias r), same (r's key is the value v.key)
-- Result: key
SELECT v.key FROM unnest($1::text[]) AS v (key) WHERE NOT EXISTS (SELECT 1 FROM {{root}} WHERE {{same}})
