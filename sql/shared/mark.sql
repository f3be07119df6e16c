-- Purpose: note on staged rows, by their keys, that a secret of theirs has another plaintext on the target.
-- Parameters: $1 … one array per key column, in step
-- Places: stage, mark, arrays, names, matches
UPDATE {{stage}} AS s SET {{mark}} = true FROM unnest({{arrays}}) AS k({{names}}) WHERE {{matches}}
