-- Purpose: in binary, for rows that text cannot carry: a chunk's rows in the projection that the target must hold.
-- Places: columns, from, where
-- Locks: ACCESS SHARE
COPY (SELECT {{columns}} FROM {{from}} WHERE {{where}}) TO STDOUT (FORMAT binary)
