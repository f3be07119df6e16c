-- Purpose: publications of a database that tell their consumers of deletions.
-- Result: name
SELECT pubname AS name FROM pg_catalog.pg_publication WHERE pubdelete ORDER BY 1
