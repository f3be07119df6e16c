-- Purpose: spare a row that a row which stays refers to.
-- Places: relation, table (AS t), child (the referring table AS x), matches (t with d), equal (x with t), stays (condition on x)
DELETE FROM {{relation}} AS d USING {{table}} JOIN {{child}} ON {{equal}} WHERE {{matches}} AND {{stays}}
