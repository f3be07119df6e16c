-- Purpose: in binary, for rows that text cannot carry: load a chunk; a key that is there already fails the whole chunk, loudly.
-- Places: table, columns
-- Locks: ROW EXCLUSIVE
COPY {{table}} ({{columns}}) FROM STDIN (FORMAT binary)
