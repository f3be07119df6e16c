-- Purpose: a temporary relation with the target's own column types, to hold what the source sends.
-- Places: stage, columns, table
CREATE TEMPORARY TABLE {{stage}} AS SELECT {{columns}} FROM {{table}} WITH NO DATA
