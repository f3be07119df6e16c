-- Integrations, secrets, uploads, audit trail, versions, search queue; then the sequences.

INSERT INTO integrations (id, organization_id, namespace_id, project_id, type, properties, encrypted_properties, active)
SELECT s.first + i * s.stride, CASE WHEN i % 3 = 0 THEN s.org_id END, CASE WHEN i % 3 = 1 THEN s.first + i % s.namespaces * s.stride END,
  CASE WHEN i % 3 = 2 THEN s.first + i % s.projects * s.stride END, (ARRAY['Jira', 'Slack', 'Mattermost'])[1 + i % 3],
  jsonb_build_object('url', 'https://example.com/' || i, 'retries', 3.0),
  CASE WHEN i % 5 < 4 THEN pg_temp.seed_opaque('integrations ' || s.first + i * s.stride) END, i % 2 = 0
FROM seed_orgs AS s, generate_series(0, s.few - 1) AS i;

INSERT INTO web_hooks (id, project_id, namespace_id, url, encrypted_token, events)
SELECT s.first + i * s.stride, CASE WHEN i % 2 = 0 THEN s.first + i % s.projects * s.stride END,
  CASE WHEN i % 2 = 1 THEN s.first + i % s.namespaces * s.stride END, 'https://example.com/hook/' || i,
  CASE WHEN i % 4 < 3 THEN replace(encode(pg_temp.seed_opaque('web_hooks ' || s.first + i * s.stride), 'base64'), E'\n', '') END,
  (ARRAY['{push,"merge, request"}', '{NULL}', '{}'])[1 + i % 3]::text[]
FROM seed_orgs AS s, generate_series(0, s.few - 1) AS i;

INSERT INTO access_tokens (id, organization_id, user_id, name, encrypted_token, token_digest, scopes, expires_on)
SELECT s.first + i * s.stride, s.org_id, pg_temp.seed_user(s.base, s.stride, s.k, i % s.users), coalesce(pg_temp.seed_text(i), 'token'),
  pg_temp.seed_opaque('access_tokens ' || s.first + i * s.stride), sha256(convert_to('digest ' || s.first + i * s.stride, 'UTF8')),
  (ARRAY['{api,read_user}', '{}', NULL])[1 + i % 3]::text[], (ARRAY['infinity', '2025-01-01', NULL]::date[])[1 + i % 3]
FROM seed_orgs AS s, generate_series(0, s.few - 1) AS i;

INSERT INTO uploads (id, organization_id, namespace_id, project_id, path, content, checksum, size)
SELECT s.first + i * s.stride, CASE WHEN i % 3 = 0 THEN s.org_id END, CASE WHEN i % 3 = 1 THEN s.first + i % s.namespaces * s.stride END,
  CASE WHEN i % 3 = 2 THEN s.first + i % s.projects * s.stride END, 'uploads/' || s.org_id || '/Bild ' || i || '.png',
  CASE WHEN i % 500 = 2 THEN convert_to(pg_temp.seed_long(s.first + i), 'UTF8') WHEN i % 3 = 0 THEN decode('00000001ff00', 'hex') END,
  CASE WHEN i % 4 > 0 THEN sha256(int8send(s.first + i)) END, i * 1000
FROM seed_orgs AS s, generate_series(0, s.uploads - 1) AS i;

-- Three partitions take turns; the DEFAULT one also holds 'infinity'.
INSERT INTO audit_events (id, created_at, organization_id, author_id, details, ip_address)
SELECT s.first + i * s.stride,
  CASE WHEN i % 60 = 59 THEN timestamptz 'infinity' ELSE timestamptz '2023-01-01 00:00+00' + i % 3 * interval '365 days' + i % 300000 * interval '100.000001 seconds' END,
  s.org_id, CASE WHEN i % 5 > 0 THEN pg_temp.seed_user(s.base, s.stride, s.k, i % s.users) END,
  jsonb_build_object('change', (ARRAY['name', 'visibility', 'ü'])[1 + i % 3], 'from', NULL, 'to', i), CASE WHEN i % 2 = 0 THEN inet '2001:db8::' + i END
FROM seed_orgs AS s, generate_series(0, s.audits - 1) AS i;

INSERT INTO search_queue (id, project_id, record_type, record_id)
OVERRIDING SYSTEM VALUE
SELECT s.first + i * s.stride, s.first + i % s.issues % s.projects * s.stride, 'Issue', s.first + i % s.issues * s.stride
FROM seed_orgs AS s, generate_series(0, s.queued - 1) AS i;

INSERT INTO versions (id, item_type, item_id, event, whodunnit, object, created_at)
SELECT s.first + i * s.stride, CASE WHEN i % 4 = 3 THEN 'MergeRequest' ELSE 'Issue' END,
  s.first + i % CASE WHEN i % 4 = 3 THEN s.mrs ELSE s.issues END * s.stride, (ARRAY['create', 'update'])[1 + i % 2],
  CASE WHEN i % 3 > 0 THEN (i % s.users)::text END, jsonb_build_object('title', pg_temp.seed_text(i), 'weight', 1.50),
  timestamptz '2023-01-01 00:00+00' + i * interval '1 minute'
FROM seed_orgs AS s, generate_series(0, s.versions - 1) AS i;

SELECT demo.advance_sequences();
