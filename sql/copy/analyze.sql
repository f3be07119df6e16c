-- Purpose: statistics for what was loaded, before the first query of the application.
-- Places: table
-- Locks: SHARE UPDATE EXCLUSIVE; reads a bounded sample
ANALYZE {{table}}
