-- Purpose: make a fence's function harmless without any lock on the table.
-- Places: function
CREATE OR REPLACE FUNCTION {{function}}() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  IF TG_LEVEL = 'ROW' AND TG_WHEN = 'BEFORE' THEN
    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
    RETURN NEW;
  END IF;
  RETURN NULL;
END
$body$
