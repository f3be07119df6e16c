-- Purpose: a table of the dry run that is loaded as the real one would be: its columns, generated ones computed, checks and indexes; no
--   defaults and identities, so that nothing of the real table is touched, its sequences included. Foreign keys and triggers are not to be had.
-- Places: sample, table
-- Locks: ACCESS SHARE on the real table until the transaction's end
CREATE TEMPORARY TABLE {{sample}} (LIKE {{table}} INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING INDEXES INCLUDING STORAGE INCLUDING COMPRESSION) ON COMMIT DROP
