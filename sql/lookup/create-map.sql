-- Purpose: the relation that maps a lookup table's keys from the source's to the target's.
-- Places: temporary, relation, columns
CREATE {{temporary}} TABLE {{relation}} ({{columns}})
