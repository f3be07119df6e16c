-- Purpose: write opened secrets into the rows that they belong to.
-- Parameters: $1 … one array per key column, then one per written column, in step
-- Places: table (AS t), sets, arrays, names, matches
-- Locks: row locks on the rows written
UPDATE {{table}} SET {{sets}} FROM unnest({{arrays}}) AS k({{names}}) WHERE {{matches}}
