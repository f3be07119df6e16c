-- Purpose: fill the map.
-- Parameters: one text array for each column
-- Places: relation, columns, arrays, names
INSERT INTO {{relation}} SELECT {{columns}} FROM unnest({{arrays}}) AS u({{names}})
