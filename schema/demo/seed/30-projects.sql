-- Project i lives in namespace i % namespaces; child i of most tables belongs to project i % projects.

INSERT INTO projects (id, organization_id, namespace_id, creator_id, shard_id, repository_storage, path, name, description, visibility, tags, star_count, created_at)
SELECT s.first + i * s.stride, s.org_id, s.first + i % s.namespaces * s.stride,
  CASE WHEN i % 4 > 0 THEN pg_temp.seed_user(s.base, s.stride, s.k, i % s.users) END,
  (SELECT id FROM shards WHERE name = (ARRAY['default', 'nfs-1', 'nfs-2', NULL])[1 + (s.k + i) % 4]),
  CASE WHEN i % 3 > 0 THEN 'cell-' || current_setting('demo.cell') || '-disk-' || i % 3 END,
  'Project-' || i, 'Project ' || i, pg_temp.seed_text(s.k + i), (ARRAY['private', 'internal', 'public']::visibility[])[1 + i % 3],
  (ARRAY['{a,NULL,"NULL","with, comma"}', '[0:1]={zero,one}', '{}', NULL, '{{a,b},{c,d}}'])[1 + i % 5]::text[], i,
  timestamptz '2022-10-30 01:30+00' + i * interval '1 hour'
FROM seed_orgs AS s, generate_series(0, s.projects - 1) AS i;

INSERT INTO project_settings (project_id, features, build_timeout, allowed_visibilities, cache_location)
SELECT s.first + i * s.stride, jsonb_build_object('ci', jsonb_build_object('on', true, 'limit', 1.50), 'e', NULL, 'ü', '🚀'),
  (ARRAY['1 hour', '-00:00:01', '1 year 2 mons', '24:00:00', '1 day']::interval[])[1 + i % 5], '{private,public}',
  'cell-' || current_setting('demo.cell') || '/cache/' || i
FROM seed_orgs AS s, generate_series(0, s.projects - 1) AS i;

INSERT INTO project_statistics (project_id, repository_bytes, lfs_bytes, activity_score, growth)
SELECT s.first + i * s.stride, (ARRAY['1.0', '1.00', '12345678901234567890.123456789', 'NaN', '0']::numeric[])[1 + i % 5],
  (ARRAY['0', '0.000']::numeric[])[1 + i % 2], (ARRAY['-0', '0', 'NaN', '1e-300', '0.1', '-Infinity', NULL]::float8[])[1 + i % 7],
  (ARRAY['0.1', '-0', '3.4e38']::real[])[1 + i % 3]
FROM seed_orgs AS s, generate_series(0, s.projects - 1) AS i;

INSERT INTO project_topics (project_id, topic_id)
SELECT s.first + i * s.stride, t.id
FROM seed_orgs AS s, generate_series(0, s.projects - 1) AS i,
  (SELECT id, row_number() OVER (ORDER BY lower(name::text) COLLATE "C") AS n FROM topics) AS t
WHERE (s.k + i + t.n) % 4 = 0;

INSERT INTO members (id, namespace_id, project_id, user_id, member_role_id, expires_on)
SELECT s.first + i * s.stride, CASE WHEN i % 2 = 0 THEN s.first + i % s.namespaces * s.stride END,
  CASE WHEN i % 2 = 1 THEN s.first + i % s.projects * s.stride END, pg_temp.seed_user(s.base, s.stride, s.k, i),
  (ARRAY[NULL, 1 + i % 3, s.first + (10 + i % 2) * s.stride])[1 + i % 3], (ARRAY[NULL, 'infinity', '2025-02-28']::date[])[1 + i % 3]
FROM seed_orgs AS s, generate_series(0, s.users - 1) AS i;

INSERT INTO feature_flags (project_id, name, strategies, active)
SELECT s.first + i % s.projects * s.stride, (ARRAY['beta', 'Beta', 'ß', 'z_'])[1 + i % 4] || i, '[{"name": "percent", "value": 1E+2}, []]', i % 2 = 0
FROM seed_orgs AS s, generate_series(0, s.few - 1) AS i;

INSERT INTO releases (id, project_id, author_id, tag, sha, description, released_at)
SELECT md5('release ' || s.org_id || ' ' || i)::uuid, s.first + i % s.projects * s.stride,
  CASE WHEN i % 2 = 0 THEN pg_temp.seed_user(s.base, s.stride, s.k, i % s.users) END, 'v' || i || '.0',
  pg_temp.seed_sha('release ' || i), pg_temp.seed_text(i),
  (ARRAY['infinity', '2024-02-29 12:00+00', '-infinity', NULL]::timestamptz[])[1 + i % 4]
FROM seed_orgs AS s, generate_series(0, s.few - 1) AS i;

INSERT INTO release_links (id, release_id, url, name)
SELECT md5('link ' || s.org_id || ' ' || i)::uuid, md5('release ' || s.org_id || ' ' || i % s.few)::uuid, 'https://example.com/' || i, pg_temp.seed_text(i)
FROM seed_orgs AS s, generate_series(0, s.few * 2 - 1) AS i;

INSERT INTO wiki_pages (id, project_id, namespace_id, title, body, updated_at)
SELECT (ARRAY['a-', 'B_', 'é.', 'Z ', 'ß/', '日'])[1 + i % 6] || s.org_id || ':' || i, CASE WHEN i % 3 > 0 THEN s.first + i % s.projects * s.stride END,
  CASE WHEN i % 3 = 0 THEN s.first + i % s.namespaces * s.stride END, 'Page ' || i,
  CASE WHEN i % 200 = 3 THEN pg_temp.seed_long(s.first + i) ELSE pg_temp.seed_text(i) END,
  (ARRAY['infinity', '2024-02-03 04:05:06.7', NULL]::timestamp[])[1 + i % 3]
FROM seed_orgs AS s, generate_series(0, s.few - 1) AS i;

INSERT INTO snippets (id, organization_id, project_id, author_id, title, content)
SELECT s.first + i * s.stride, CASE WHEN i % 2 = 0 THEN s.org_id END, CASE WHEN i % 2 = 1 THEN s.first + i % s.projects * s.stride END,
  pg_temp.seed_user(s.base, s.stride, s.k, i % s.users), pg_temp.seed_text(i), coalesce(pg_temp.seed_text(i + 1), repeat('x', 3000))
FROM seed_orgs AS s, generate_series(0, s.few - 1) AS i;
