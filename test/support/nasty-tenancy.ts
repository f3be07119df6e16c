/**
 * A small schema with every way in which a row can belong to an organization that SQL has once made difficult. Rows of organization 1 bear
 * a `mark` that begins with "mine", in every table that has an owner.
 */
export const NASTY_TENANCY = `
  CREATE EXTENSION citext;
  CREATE SCHEMA "Odd ""schema";
  CREATE SCHEMA outside;
  CREATE TABLE public.organizations (id bigint PRIMARY KEY, mark text NOT NULL);
  INSERT INTO public.organizations VALUES (1, 'mine'), (2, 'other');

  CREATE TABLE public.projects (id bigint PRIMARY KEY, slug public.citext NOT NULL UNIQUE, label text NOT NULL COLLATE "C" UNIQUE, organization_id bigint NOT NULL REFERENCES public.organizations, mark text);
  CREATE INDEX ON public.projects (organization_id);
  INSERT INTO public.projects VALUES (10, 'Alpha', 'a', 1, 'mine'), (20, 'Beta', 'b', 2, 'other');
  -- a child by inheritance is a table of its own: its rows are not rows of projects
  CREATE TABLE public.project_drafts () INHERITS (public.projects);
  INSERT INTO public.project_drafts VALUES (30, 'Gamma', 'g', 1, 'mine'), (20, 'Delta', 'd', 2, 'other');

  CREATE TABLE public.namespaces (id bigint PRIMARY KEY, organization_id bigint, parent_id bigint REFERENCES public.namespaces, mark text);
  INSERT INTO public.namespaces VALUES (1, 1, NULL, 'mine'), (2, NULL, 1, 'mine below'), (3, NULL, 2, 'mine far below'), (4, 2, NULL, 'other'), (5, NULL, 4, 'other below'), (6, NULL, NULL, 'nobody');

  -- citext: under a bare search_path it would compare as text
  CREATE TABLE public.slugs (slug public.citext, mark text);
  INSERT INTO public.slugs VALUES ('ALPHA', 'mine'), ('alpha', 'mine too'), ('beta', 'other'), (NULL, 'nobody'), ('Gamma', 'nobody');
  -- collations that differ cannot be compared
  CREATE TABLE public.labels (label text COLLATE "POSIX", mark text);
  INSERT INTO public.labels VALUES ('a', 'mine'), ('A', 'nobody'), ('b', 'other');

  CREATE TABLE public.notes (id bigint PRIMARY KEY, project_id bigint REFERENCES public.projects, namespace_id bigint REFERENCES public.namespaces, organization_id bigint, mark text,
    CHECK (num_nonnulls(project_id, namespace_id, organization_id) = 1));
  INSERT INTO public.notes VALUES (1, 10, NULL, NULL, 'mine'), (2, NULL, 3, NULL, 'mine'), (3, NULL, NULL, 1, 'mine'), (4, 20, NULL, NULL, 'other'), (5, NULL, 5, NULL, 'other');
  CREATE TABLE public.note_bodies (id bigint PRIMARY KEY, mark text);
  INSERT INTO public.note_bodies VALUES (1, 'mine'), (2, 'mine'), (3, 'mine'), (4, 'other'), (99, 'nobody');

  CREATE TABLE public.runs (id bigint, at date, project_id bigint NOT NULL REFERENCES public.projects, mark text, PRIMARY KEY (id, at));
  CREATE INDEX ON public.runs (project_id);
  INSERT INTO public.runs VALUES (1, '2024-01-01', 10, 'mine'), (1, '2024-01-02', 20, 'other'), (2, '2024-01-01', 10, 'mine');
  CREATE TABLE public.steps (run_id bigint NOT NULL, run_at date NOT NULL, mark text, FOREIGN KEY (run_id, run_at) REFERENCES public.runs (id, at)) PARTITION BY RANGE (run_at);
  CREATE TABLE outside.steps_all PARTITION OF public.steps DEFAULT;
  INSERT INTO public.steps VALUES (1, '2024-01-01', 'mine'), (1, '2024-01-02', 'other'), (2, '2024-01-01', 'mine');

  CREATE TABLE "Odd ""schema"."Ta.ble (x)" ("the ""key" bigint NOT NULL REFERENCES public.projects, mark text);
  INSERT INTO "Odd ""schema"."Ta.ble (x)" VALUES (10, 'mine'), (20, 'other');

  -- a circle of two tables, grounded by the one
  CREATE TABLE public.boards (id bigint PRIMARY KEY, organization_id bigint, list_id bigint, mark text);
  CREATE TABLE public.lists (id bigint PRIMARY KEY, board_id bigint REFERENCES public.boards, mark text);
  INSERT INTO public.boards VALUES (1, 1, NULL, 'mine'), (2, NULL, 1, 'mine below'), (3, 2, NULL, 'other');
  INSERT INTO public.lists VALUES (1, 1, 'mine'), (2, 2, 'mine below'), (3, 3, 'other');

  CREATE TABLE public.versions (id bigint PRIMARY KEY, item_type text, item_id text, mark text);
  INSERT INTO public.versions VALUES (1, 'Project', '10', 'mine'), (2, 'Project', '20', 'other'), (3, 'Note', 'x', 'nobody'), (4, 'Project', '010', 'mine');
  CREATE TABLE public.version_diffs (version_id bigint NOT NULL REFERENCES public.versions, mark text);
  INSERT INTO public.version_diffs VALUES (1, 'mine'), (2, 'other'), (4, 'mine');

  CREATE TABLE public.plans (id bigint PRIMARY KEY, name text);
  CREATE TABLE public.mystery (id bigint PRIMARY KEY, project_id bigint REFERENCES public.projects);
`

export const NASTY_CONFIG = `
tenancy:
  schemas: [public, "Odd \\"schema"]
  tables:
    public.namespaces: {sharding_key: {organization_id: organizations, parent_id: namespaces}, unowned: stay}
    public.slugs: {sharding_key: {slug: projects(slug)}, unowned: stay}
    public.labels: {sharding_key: {label: projects(label)}}
    public.notes: {sharding_key: {project_id: projects, namespace_id: namespaces, organization_id: organizations}}
    public.note_bodies: {sharding_key: {id: notes}}
    public.boards: {sharding_key: {organization_id: organizations, list_id: lists}}
    public.lists: {sharding_key: {board_id: boards}}
    public.versions: {exempt: query, where: "t.item_type = 'Project' /* :org */ AND t.item_id::bigint IN (SELECT p1.id FROM public.projects AS p1 WHERE p1.organization_id = :org)"}
    public.plans: {exempt: lookup, match_by: [name]}
`
