-- Purpose: add a lookup row that the target lacks; its id comes from the target's own sequence where it has one.
-- Places: table, columns, values, returning
-- Result: keys (text array)
INSERT INTO {{table}} ({{columns}}) VALUES ({{values}}) RETURNING ARRAY[{{returning}}] AS keys
