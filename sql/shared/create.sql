-- Purpose: the relation with the keys of the shared rows that go along.
-- Places: temporary, relation, columns
CREATE {{temporary}} TABLE {{relation}} ({{columns}})
