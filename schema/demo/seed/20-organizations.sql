-- Organizations, members, namespaces.

INSERT INTO organizations (id, path, name, visibility, settings, created_at)
SELECT org_id, CASE WHEN big THEN 'big-' ELSE 'org-' END || org_id,
  (ARRAY['Acme', 'Übermaß GmbH', '株式会社', 'Tabs	and "quotes"', ''])[1 + k % 5],
  (ARRAY['private', 'internal', 'public']::visibility[])[1 + k % 3],
  jsonb_build_object('theme', jsonb_build_object('dark', k % 2 = 0, 'scale', 1.10), 'list', jsonb_build_array(NULL, k, 'x')),
  timestamptz '2022-01-01 00:00+00' + k * interval '1 day'
FROM seed_orgs;

INSERT INTO users (id, username, name, created_by_id, last_activity_on, created_at)
SELECT s.first + (1000 + j) * s.stride, 'o' || s.org_id || '-' || j, pg_temp.seed_text(j * 3 + 1) || 'Own ' || j,
  s.base + 101 + s.k % 30, CASE WHEN j % 3 > 0 THEN date '-infinity' END, timestamptz '2023-01-01 00:00+00' + j * interval '1 minute'
FROM (SELECT * FROM seed_orgs WHERE users > 8) AS s, generate_series(8, s.users - 1) AS j
WHERE pg_temp.seed_text(j * 3 + 1) IS NOT NULL;
INSERT INTO users (id, username, name, created_by_id, created_at)
SELECT s.first + (1000 + j) * s.stride, 'o' || s.org_id || '-' || j, 'Own ' || j, s.base + 101 + s.k % 30, 'infinity'
FROM (SELECT * FROM seed_orgs WHERE users > 8) AS s, generate_series(8, s.users - 1) AS j
WHERE pg_temp.seed_text(j * 3 + 1) IS NULL;

INSERT INTO emails (id, user_id, email, confirmed_at)
SELECT id, id, 'Mail' || id || '@Example.com', CASE WHEN id % 4 > 0 THEN created_at END FROM users;

INSERT INTO organization_users (organization_id, user_id, access_level, joined_on)
SELECT s.org_id, pg_temp.seed_user(s.base, s.stride, s.k, j), 10 * (1 + j % 5), CASE WHEN j % 2 = 0 THEN date '2023-03-26' END
FROM seed_orgs AS s, generate_series(0, s.users - 1) AS j;

INSERT INTO verified_domains (name, organization_id, verified_at)
SELECT (ARRAY['Example', 'beta', 'ZETA', 'älpha'])[1 + j % 4] || '-' || s.org_id || '-' || j || '.test', s.org_id,
  CASE WHEN j > 0 THEN timestamptz 'infinity' END
FROM seed_orgs AS s, generate_series(0, 3) AS j;

-- A tree: namespace i hangs below namespace (i - 1) / 2.
INSERT INTO namespaces (id, organization_id, parent_id, owner_id, path, name, traversal_ids, maintenance_windows)
SELECT s.first + i * s.stride, s.org_id, CASE WHEN i > 0 THEN s.first + (i - 1) / 2 * s.stride END,
  CASE WHEN i % 2 = 0 THEN pg_temp.seed_user(s.base, s.stride, s.k, i % s.users) END,
  'group-' || i, 'Group ' || i, ARRAY[s.first, s.first + i * s.stride],
  CASE WHEN i % 3 = 0 THEN '{[2024-01-01 00:00+00,2024-01-02 00:00+00),(2024-02-01 00:00+00,)}'::tstzmultirange ELSE '{}' END
FROM seed_orgs AS s, generate_series(0, s.namespaces - 1) AS i;

INSERT INTO namespace_settings (namespace_id, default_branch, session_timeout, allowed_networks)
SELECT s.first + i * s.stride, (ARRAY['main', '', NULL])[1 + i % 3], (ARRAY['-1 day', '1 mon -3 days 04:05:06.789', NULL]::interval[])[1 + i % 3],
  (ARRAY['{10.0.0.0/8,NULL,2001:db8::/32}', '{}', NULL])[1 + i % 3]::cidr[]
FROM seed_orgs AS s, generate_series(0, s.namespaces - 1) AS i;

INSERT INTO member_roles (id, organization_id, name, base_access_level)
SELECT s.first + (10 + i) * s.stride, s.org_id, 'Custom ' || i, 30 FROM seed_orgs AS s, generate_series(0, 1) AS i;
INSERT INTO member_role_permissions (member_role_id, permission)
SELECT s.first + (10 + i) * s.stride, (ARRAY['read_code', 'push_code', 'Über'])[1 + p]
FROM seed_orgs AS s, generate_series(0, 1) AS i, generate_series(0, 1 + i) AS p;

INSERT INTO subscriptions (id, namespace_id, plan_id, seats, price, period)
SELECT s.first + (i * 2 + y) * s.stride, s.first + i * s.stride,
  (SELECT id FROM plans WHERE name = (ARRAY['free', 'premium', 'ultimate', 'trial'])[1 + (s.k + i) % 4]),
  5 * i, CASE WHEN i % 2 = 0 THEN ROW(1.0 + y, 'EUR')::price WHEN y = 0 THEN ROW(1.00, NULL)::price END,
  CASE WHEN y = 0 THEN '[2023-01-01,2024-01-01)'::daterange ELSE '[2024-01-01,)' END
FROM seed_orgs AS s, generate_series(0, least(s.namespaces, 20) - 1) AS i, generate_series(0, 1) AS y;

INSERT INTO "UserSession" ("sessionId", "organizationId", "userId", "ipAddress", "macAddress", "lastSeenAt")
SELECT md5('session ' || s.org_id || ' ' || i)::uuid, s.org_id, pg_temp.seed_user(s.base, s.stride, s.k, i % s.users),
  CASE WHEN i % 3 > 0 THEN inet '10.0.0.0' + i % 100000 END, CASE WHEN i % 2 = 0 THEN macaddr '08:00:2b:01:02:03' END,
  CASE WHEN i % 4 > 0 THEN timestamptz '2024-03-31 00:59:59+00' + i * interval '1 second' END
FROM seed_orgs AS s, generate_series(0, s.sessions - 1) AS i;
