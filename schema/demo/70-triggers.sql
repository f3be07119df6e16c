-- Triggers that must not fire while an organization is loaded or purged, and a view.

-- On purpose: overwrites whatever id the row came with.
CREATE FUNCTION assign_ci_job_id() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
  NEW.id := nextval('ci_jobs_id_seq');
  RETURN NEW;
END
$$;
CREATE TRIGGER assign_ci_job_id BEFORE INSERT ON ci_jobs
  FOR EACH ROW EXECUTE FUNCTION assign_ci_job_id();

-- On purpose: fills the key column when the application left it out.
CREATE FUNCTION fill_deployment_project() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
  IF NEW.project_id IS NULL THEN
    SELECT project_id INTO NEW.project_id FROM environments WHERE id = NEW.environment_id;
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER fill_deployment_project BEFORE INSERT OR UPDATE ON deployments
  FOR EACH ROW EXECUTE FUNCTION fill_deployment_project();

-- On purpose: writes to another table that is owned too.
CREATE FUNCTION enqueue_search() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
  IF TG_TABLE_NAME = 'issues' THEN
    INSERT INTO search_queue (project_id, record_type, record_id) VALUES (NEW.project_id, 'Issue', NEW.id);
  ELSE
    INSERT INTO search_queue (project_id, record_type, record_id) VALUES (NEW.target_project_id, 'MergeRequest', NEW.id);
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER enqueue_search AFTER INSERT OR UPDATE ON issues
  FOR EACH ROW EXECUTE FUNCTION enqueue_search();
CREATE TRIGGER enqueue_search AFTER INSERT OR UPDATE ON merge_requests
  FOR EACH ROW EXECUTE FUNCTION enqueue_search();

-- On purpose: a purge that fires it leaves rows in a table of the cell.
CREATE FUNCTION record_deletion() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
  INSERT INTO deleted_records (table_name, record_id) SELECT TG_TABLE_NAME, id FROM old_rows;
  RETURN NULL;
END
$$;
CREATE TRIGGER record_deletion AFTER DELETE ON projects
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION record_deletion();

-- A view is no table: it never appears in a move.
CREATE VIEW public_projects AS
  SELECT id, organization_id, path, name FROM projects WHERE visibility = 'public';
