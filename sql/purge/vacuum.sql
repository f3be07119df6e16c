-- Purpose: give the room of purged rows back to the table, and gather its statistics. Asked for by purge.vacuum: the indexes of the table are read whole.
-- Places: table
-- Locks: SHARE UPDATE EXCLUSIVE; with TRUNCATE the end of the file would be cut off under ACCESS EXCLUSIVE
VACUUM (TRUNCATE false, ANALYZE) {{table}}
