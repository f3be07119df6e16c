-- Merge request i is in project i % projects, diff i in merge request i % mrs, diff file i in diff i % diffs.

INSERT INTO merge_requests (id, target_project_id, source_project_id, iid, author_id, milestone_id, latest_diff_id, title, state, merge_params,
  merged_sha, created_at)
SELECT s.first + i * s.stride, s.first + i % s.projects * s.stride, CASE WHEN i % 3 > 0 THEN s.first + (i + 1) % s.projects * s.stride END,
  i / s.projects + 1, CASE WHEN i % 8 > 0 THEN pg_temp.seed_user(s.base, s.stride, s.k, i % s.users) END,
  CASE WHEN i % 5 = 0 THEN s.first + i % s.few * s.stride END,
  CASE WHEN i % 6 < 5 THEN s.first + CASE WHEN i + s.mrs < s.diffs THEN i + s.mrs ELSE i END * s.stride END,
  'Merge ' || i, (ARRAY['opened', 'closed', 'locked']::issue_state[])[1 + i % 3], jsonb_build_object('squash', i % 2 = 0, 'n', i),
  CASE WHEN i % 3 = 1 THEN pg_temp.seed_sha('merge ' || i) END, timestamptz '2023-06-01 00:00+00' + i * interval '3 minutes'
FROM seed_orgs AS s, generate_series(0, s.mrs - 1) AS i;

INSERT INTO merge_request_diffs (id, merge_request_id, head_sha, files_count, created_at)
SELECT s.first + i * s.stride, s.first + i % s.mrs * s.stride, pg_temp.seed_sha('diff ' || i), (ARRAY[NULL, 0, 3])[1 + i % 3],
  timestamptz '2023-06-01 00:00+00' + i * interval '2 minutes'
FROM seed_orgs AS s, generate_series(0, s.diffs - 1) AS i;

INSERT INTO merge_request_diff_files (merge_request_diff_id, relative_order, old_path, new_path, diff, binary_diff)
SELECT s.first + i % s.diffs * s.stride, i / s.diffs, 'src/file-' || i % 97 || '.ts', 'src/Datei ' || i % 89 || '.ts',
  CASE WHEN i % 1500 = 4 THEN pg_temp.seed_long(s.first + i) WHEN i % 9 > 0 THEN '@@ -1 +1 @@' || E'\n-' || md5(i::text) || E'\n+' || coalesce(pg_temp.seed_text(i), '') END,
  CASE WHEN i % 9 = 0 THEN decode('00ff00', 'hex') || pg_temp.seed_sha(i::text) WHEN i % 9 = 1 THEN ''::bytea END
FROM seed_orgs AS s, generate_series(0, s.diff_files - 1) AS i;

INSERT INTO diff_annotations (id, merge_request_diff_id, relative_order, line, body)
SELECT s.first + i * s.stride, s.first + i % s.diffs * s.stride, i / s.diffs, CASE WHEN i % 4 > 0 THEN i % 300 END, coalesce(pg_temp.seed_text(i), '?')
FROM seed_orgs AS s, generate_series(0, s.annotations - 1) AS i;

INSERT INTO approvals (id, merge_request_id, user_id, approved_at)
SELECT md5('approval ' || s.org_id || ' ' || i)::uuid, s.first + i % s.mrs * s.stride,
  pg_temp.seed_user(s.base, s.stride, s.k, (i + i / s.mrs) % s.users), CASE WHEN i % 2 = 0 THEN timestamptz '2024-01-01 12:00+00' END
FROM seed_orgs AS s, generate_series(0, s.approvals - 1) AS i;
