-- What the cell has of its own, and the people that are on several cells.

INSERT INTO schema_migrations SELECT to_char(20240101000000 + v * 10000, 'FM00000000000000') FROM generate_series(1, 12) AS v;
INSERT INTO feature_gates VALUES
  ('new_navigation', '{"percentage": 50}', '2024-05-01'), ('cell_number', to_jsonb(current_setting('demo.cell')::int), '2024-05-01');

-- The same plans and shards in every cell, under other ids and in another order; each cell knows one plan of its own.
INSERT INTO plans (id, name, title, monthly_price)
SELECT (current_setting('demo.cell')::int - 1) * 100000000 + CASE current_setting('demo.cell') WHEN '1' THEN n ELSE 5 - n END,
  name, title, price
FROM (VALUES (1, 'free', 'Free', 0.0), (2, 'premium', 'Premium', 29.00), (3, 'ultimate', 'Ultimate', 99), (4, 'trial', 'Trial', 0.00))
  AS plan (n, name, title, price)
UNION ALL
SELECT (current_setting('demo.cell')::int - 1) * 100000000 + 9, 'pilot-' || current_setting('demo.cell'), 'Pilot', 1;

INSERT INTO shards (id, name)
SELECT (current_setting('demo.cell')::int - 1) * 1000 + CASE current_setting('demo.cell') WHEN '1' THEN n ELSE 10 - 3 * n END, name
FROM (VALUES (1, 'default'), (2, 'nfs-1'), (3, 'nfs-2')) AS shard (n, name);

-- Cell 1 has twelve topics, every other cell the first eight, some of them written in another case (the name is citext).
INSERT INTO topics (id, name, description)
SELECT (current_setting('demo.cell')::bigint - 1) * 1000000000000 + CASE current_setting('demo.cell') WHEN '1' THEN n ELSE 30 - n END,
  CASE WHEN current_setting('demo.cell') <> '1' AND n % 3 = 0 THEN upper(name) ELSE name END, NULL
FROM unnest('{rust,go,postgres,typescript,kubernetes,compilers,games,science,çedilla,elm,zig,ocaml}'::text[])
  WITH ORDINALITY AS topic (name, n)
WHERE current_setting('demo.cell') = '1' OR n <= 8;

-- On every cell: 24 people, equal everywhere but for what each cell observed (last_activity_on).
-- On this cell only: 30 people of several organizations, and a bot (base + 100) that only created_by_id refers to.
INSERT INTO users (id, username, name, created_by_id, avatar, theme_scale, last_sign_in_ip, last_activity_on, created_at)
SELECT id, 'user' || id, 'User ' || id || (ARRAY['', ' Müller', ' 山田', ' O''Brien'])[1 + id % 4], CASE WHEN id > 3 THEN 1 + id % 3 END,
  CASE WHEN id % 3 = 0 THEN decode('89504e470d0a1a0a00', 'hex') WHEN id % 3 = 1 THEN ''::bytea END,
  (ARRAY['-0', '0', '1.1', 'NaN', '-Infinity', NULL]::float8[])[1 + id % 6],
  (ARRAY['192.0.2.7', '2001:db8::1', '198.51.100.0/24', NULL]::inet[])[1 + id % 4],
  CASE WHEN id % 5 > 0 THEN date '2024-06-01' + (id % 7)::int + CASE WHEN id % 8 = 0 THEN current_setting('demo.cell')::int ELSE 0 END END,
  timestamptz '2020-02-29 23:59:59.999999+00' + id * interval '1 day 1 microsecond'
FROM generate_series(1, 24) AS id;

INSERT INTO users (id, username, name, created_by_id, last_activity_on, created_at)
SELECT base + 100 + n, 'cell' || current_setting('demo.cell') || '-' || n, 'Person ' || n,
  CASE WHEN n = 0 THEN NULL WHEN n % 2 = 0 THEN base + 100 ELSE 1 + n % 24 END,
  date '2024-06-01' + n, timestamptz '2021-01-01 00:00+00' + n * interval '1 hour'
FROM (SELECT (current_setting('demo.cell')::bigint - 1) * 1000000000000 AS base) AS cell, generate_series(0, 30) AS n;

-- Predefined roles: the same rows, with the same ids, on every cell; they belong to nobody.
INSERT INTO member_roles VALUES (1, NULL, 'Guest+', 10), (2, NULL, 'Auditor', 20), (3, NULL, 'Maintainer', 40);
INSERT INTO member_role_permissions VALUES (1, 'read_code'), (2, 'read_audit'), (2, 'read_code'), (3, 'push_code');

-- Versions of users: polymorphic rows that belong to nobody.
INSERT INTO versions (id, item_type, item_id, event, object, created_at)
SELECT (current_setting('demo.cell')::bigint - 1) * 1000000000000 + 900000000000 + id, 'User', id, 'create', '{}', '2024-01-01'
FROM generate_series(1, 24) AS id;
