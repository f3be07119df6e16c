-- Purpose: one trigger of the fence; may be run again.
-- Places: name, timing, table, level, when, function, argument
-- Locks: SHARE ROW EXCLUSIVE on the table (and its partitions): waits out the writers in flight
CREATE OR REPLACE TRIGGER {{name}} {{timing}} ON {{table}} FOR EACH {{level}} {{when}} EXECUTE FUNCTION {{function}}({{argument}})
