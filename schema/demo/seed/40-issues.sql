-- Planning. Issue i is in project i % projects; the three kinds of key take turns.

INSERT INTO milestones (id, organization_id, namespace_id, project_id, title, period)
SELECT s.first + i * s.stride, CASE WHEN i % 3 = 0 THEN s.org_id END, CASE WHEN i % 3 = 1 THEN s.first + i % s.namespaces * s.stride END,
  CASE WHEN i % 3 = 2 THEN s.first + i % s.projects * s.stride END, 'Milestone ' || i,
  (ARRAY['[2024-01-01,2024-02-01)', 'empty', '(,)', '[2024-03-01,)', NULL]::daterange[])[1 + i % 5]
FROM seed_orgs AS s, generate_series(0, s.few - 1) AS i;

INSERT INTO labels (id, project_id, namespace_id, organization_id, title, color, priority)
SELECT s.first + i * s.stride, CASE WHEN i % 3 = 0 THEN s.first + i % s.projects * s.stride END,
  CASE WHEN i % 3 = 1 THEN s.first + i % s.namespaces * s.stride END, CASE WHEN i % 3 = 2 THEN s.org_id END,
  (ARRAY['Bug', 'feature', 'ÄRGER', 'doc'])[1 + i % 4] || '::' || i, '#' || substr(md5(i::text), 1, 6), CASE WHEN i % 2 = 0 THEN i / 3.0 END
FROM seed_orgs AS s, generate_series(0, s.labels - 1) AS i;

INSERT INTO issues (id, project_id, iid, author_id, milestone_id, moved_to_id, title, description, state, confidential, weight, time_estimate,
  due_on, created_at, closed_at)
SELECT s.first + i * s.stride, s.first + i % s.projects * s.stride, i / s.projects + 1,
  CASE WHEN i % 9 > 0 THEN pg_temp.seed_user(s.base, s.stride, s.k, i % s.users) END,
  CASE WHEN i % 4 = 0 THEN s.first + i % s.few * s.stride END,
  CASE WHEN i % 50 = 7 THEN s.first + (i * 7 + 1) % s.issues * s.stride END,
  'Issue ' || i || coalesce(pg_temp.seed_text(i), ''), CASE WHEN i % 1000 = 5 THEN pg_temp.seed_long(s.first + i) ELSE pg_temp.seed_text(i + 3) END,
  (ARRAY['opened', 'closed', 'locked']::issue_state[])[1 + i % 3], (ARRAY[true, false, NULL])[1 + i % 3],
  (ARRAY['1.0', '1.00', '1', NULL, '-0.5']::numeric[])[1 + i % 5],
  (ARRAY['-3 hours', '1 day', '24:00:00', NULL]::interval[])[1 + i % 4],
  (ARRAY['infinity', '2024-12-31', NULL, '0044-03-15 BC']::date[])[1 + i % 4],
  timestamptz '2023-01-01 00:00+00' + i * interval '1 minute 1.000001 second', CASE WHEN i % 3 = 1 THEN timestamptz '2024-10-27 00:30+00' END
FROM seed_orgs AS s, generate_series(0, s.issues - 1) AS i;

INSERT INTO issue_assignees (issue_id, user_id)
SELECT s.first + i % s.issues * s.stride, pg_temp.seed_user(s.base, s.stride, s.k, (i + i / s.issues) % s.users)
FROM seed_orgs AS s, generate_series(0, s.assignees - 1) AS i;

INSERT INTO issue_links (id, source_id, target_id)
SELECT s.first + i * s.stride, s.first + i * s.stride, s.first + (i + 1) % s.issues * s.stride
FROM seed_orgs AS s, generate_series(0, s.issues / 8) AS i;

INSERT INTO label_links (id, label_id, issue_id)
SELECT s.first + i * s.stride, s.first + i % s.labels * s.stride, s.first + i % s.issues * s.stride
FROM seed_orgs AS s, generate_series(0, s.label_links - 1) AS i;

INSERT INTO notes (id, project_id, namespace_id, organization_id, noteable_type, noteable_id, author_id, note, position, line_range, created_at)
SELECT s.first + i * s.stride, CASE WHEN i % 10 > 1 THEN s.first + (i % s.issues) % s.projects * s.stride END,
  CASE WHEN i % 10 = 1 THEN s.first + i % s.namespaces * s.stride END, CASE WHEN i % 10 = 0 THEN s.org_id END,
  CASE WHEN i % 10 > 1 THEN 'Issue' END, CASE WHEN i % 10 > 1 THEN s.first + i % s.issues * s.stride END,
  CASE WHEN i % 7 > 0 THEN pg_temp.seed_user(s.base, s.stride, s.k, i % s.users) END,
  CASE WHEN i % 2000 = 5 THEN pg_temp.seed_long(s.first + i) ELSE coalesce(pg_temp.seed_text(i), repeat('note ', 40)) END,
  CASE WHEN i % 5 = 0 THEN jsonb_build_object('line', i % 80, 'range', jsonb_build_array(1.0, 1.00, NULL), 'path', E'a\\b"c') END,
  (ARRAY['[1,5)', 'empty', '(,3]', NULL]::int4range[])[1 + i % 4], timestamptz '2023-01-01 00:00+00' + i * interval '30 seconds'
FROM seed_orgs AS s, generate_series(0, s.notes - 1) AS i;

INSERT INTO award_emoji (id, note_id, user_id, name)
SELECT s.first + i * s.stride, s.first + i % s.notes * s.stride, pg_temp.seed_user(s.base, s.stride, s.k, i % s.users), (ARRAY['👍', 'tada', '🧑‍🚀'])[1 + i % 3]
FROM seed_orgs AS s, generate_series(0, s.emoji - 1) AS i;

INSERT INTO boards (id, project_id, namespace_id, name)
SELECT s.first + i * s.stride, CASE WHEN i % 2 = 0 THEN s.first + i % s.projects * s.stride END,
  CASE WHEN i % 2 = 1 THEN s.first + i % s.namespaces * s.stride END, 'Board ' || i
FROM seed_orgs AS s, generate_series(0, s.few / 2) AS i;

INSERT INTO board_lists (id, board_id, label_id, position)
SELECT s.first + (i * 3 + p) * s.stride, s.first + i * s.stride, CASE WHEN p > 0 THEN s.first + (i + p) % s.labels * s.stride END, p
FROM seed_orgs AS s, generate_series(0, s.few / 2) AS i, generate_series(0, 2) AS p;

INSERT INTO todos (id, user_id, project_id, namespace_id, note_id, action, snoozed_for, done)
OVERRIDING SYSTEM VALUE
SELECT s.first + i * s.stride, pg_temp.seed_user(s.base, s.stride, s.k, i % s.users), CASE WHEN i % 4 > 0 THEN s.first + i % s.projects * s.stride END,
  CASE WHEN i % 4 = 0 THEN s.first + i % s.namespaces * s.stride END, CASE WHEN i % 2 = 0 THEN s.first + i % s.notes * s.stride END,
  1 + i % 9, (ARRAY['-2 days', '1 mon', NULL]::interval[])[1 + i % 3], i % 5 = 0
FROM seed_orgs AS s, generate_series(0, s.todos - 1) AS i;
