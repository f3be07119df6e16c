-- Purpose: give declared SQL to the server to be read as the application's own sessions would read it: operators and names by their search_path.
-- Places: name, table (AS t), condition
-- Locks: ACCESS SHARE; the view is temporary and dropped again
CREATE TEMPORARY VIEW {{name}} AS SELECT 1 AS one FROM {{table}} WHERE {{condition}}
