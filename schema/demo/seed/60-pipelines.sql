-- Pipeline i is in project i % projects and in partition 100 + i % 3; job i is in pipeline i % pipelines, artifact i of job i % jobs.

INSERT INTO ci_pipelines (id, partition_id, project_id, merge_request_id, user_id, last_job_id, ref, sha, status, duration, created_at)
SELECT s.first + i * s.stride, 100 + i % 3, s.first + i % s.projects * s.stride,
  CASE WHEN i % 4 = 0 THEN s.first + (i % s.projects) % s.mrs * s.stride END,
  CASE WHEN i % 6 > 0 THEN pg_temp.seed_user(s.base, s.stride, s.k, i % s.users) END,
  CASE WHEN i % 10 < 9 THEN s.first + i * s.stride END, (ARRAY['main', 'feature/ü', '', NULL])[1 + i % 4], pg_temp.seed_sha('pipeline ' || i),
  (ARRAY['created', 'running', 'success', 'failed']::job_status[])[1 + i % 4], (ARRAY['00:10:00', '-00:00:00.000001', NULL]::interval[])[1 + i % 3],
  timestamptz '2023-01-01 00:00+00' + i * interval '5 minutes'
FROM seed_orgs AS s, generate_series(0, s.pipelines - 1) AS i;

INSERT INTO ci_jobs (id, partition_id, project_id, pipeline_id, name, stage, status, status_history, options, coverage, run, runner_address, created_at)
SELECT s.first + i * s.stride, 100 + i % s.pipelines % 3, s.first + i % s.pipelines % s.projects * s.stride, s.first + i % s.pipelines * s.stride,
  'job ' || i % 40, (ARRAY['build', 'test', '', NULL])[1 + i % 4], (ARRAY['created', 'running', 'success', 'failed', 'canceled']::job_status[])[1 + i % 5],
  (ARRAY['{created,pending,NULL,success}', '[2:3]={running,failed}', '{}', NULL])[1 + i % 4]::job_status[],
  CASE WHEN i % 3 = 0 THEN jsonb_build_object('image', 'node:20', 'retry', i % 3, 'variables', '{"A": null, "B": ["x", {"y": 1e2}]}'::jsonb) END,
  (ARRAY['-0', '99.5', 'NaN', '0', NULL]::float8[])[1 + i % 5],
  CASE WHEN i % 4 > 0 THEN tstzrange(timestamptz '2023-01-01 00:00+00' + i * interval '1 second', CASE WHEN i % 4 = 1 THEN 'infinity'::timestamptz END, '[]') END,
  CASE WHEN i % 2 = 0 THEN inet '10.1.0.0' + i % 65536 END, timestamptz '2023-01-01 00:00+00' + i * interval '40 seconds'
FROM seed_orgs AS s, generate_series(0, s.jobs - 1) AS i;

INSERT INTO ci_job_artifacts (id, partition_id, job_id, file_type, file_sha256, size, expires_at)
SELECT s.first + i * s.stride, 100 + i % s.jobs % s.pipelines % 3, s.first + i % s.jobs * s.stride, 1 + i % 12,
  CASE WHEN i % 5 > 0 THEN sha256(int8send(i)) END, CASE WHEN i % 7 > 0 THEN i * 1024 END,
  (ARRAY['infinity', '2024-07-01 00:00+00', NULL]::timestamptz[])[1 + i % 3]
FROM seed_orgs AS s, generate_series(0, s.artifacts - 1) AS i;

INSERT INTO ci_variables (id, project_id, key, encrypted_value, environment_scope)
SELECT s.first + i * s.stride, s.first + i % s.projects * s.stride, 'KEY_' || i,
  CASE WHEN i % 6 < 5 THEN pg_temp.seed_opaque('ci_variables ' || s.first + i * s.stride) END, (ARRAY['*', 'production/*'])[1 + i % 2]
FROM seed_orgs AS s, generate_series(0, s.few - 1) AS i;

INSERT INTO environments (id, project_id, name, tier, external_url)
SELECT s.first4 + i * s.stride, s.first + i % s.projects * s.stride, 'env/' || i,
  (ARRAY['production', 'staging', 'testing', NULL]::environment_tier[])[1 + i % 4], pg_temp.seed_text(i)
FROM seed_orgs AS s, generate_series(0, s.few - 1) AS i;

INSERT INTO deployments (id, environment_id, project_id, user_id, job_id, partition_id, active)
SELECT s.first + i * s.stride, s.first4 + i % s.few * s.stride, s.first + i % s.few % s.projects * s.stride,
  CASE WHEN i % 2 = 0 THEN pg_temp.seed_user(s.base, s.stride, s.k, i % s.users) END,
  CASE WHEN i % 3 > 0 THEN s.first + i * s.stride END, CASE WHEN i % 3 > 0 THEN 100 + i % s.pipelines % 3 END,
  (ARRAY['(,)', 'empty', '["2024-01-01 00:00+00",)', NULL]::tstzrange[])[1 + i % 4]
FROM seed_orgs AS s, generate_series(0, s.deployments - 1) AS i;
