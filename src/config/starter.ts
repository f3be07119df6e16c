/** The configuration that `org-mover init` writes where there is none. A test loads it, so that it cannot rot. */
export const STARTER_CONFIG = `# Configuration of org-mover. \${NAME} is replaced from the environment; unknown keys are errors.
# Paths are relative to this file. An editor can check it against schema/config.schema.json of the package.

# Every cell that organizations can live on, with its databases by name (most cells have one: main).
cells:
  cell-a:
    databases:
      main: "\${CELL_A_URL}"                # postgres://user:password@host:5432/database
    # keyring: ./keys/cell-a.yaml          # only where secrets are re-encrypted; mode 0600
  cell-b:
    databases:
      main: "\${CELL_B_URL}"
      # ci: {url: "\${CELL_B_CI_URL}", search_path: "app, public"}

# The database that holds the journal of all moves and, unless \`routing\` says otherwise, the routing table.
control: "\${CONTROL_URL}"

# Where your application looks up which cell serves an organization. Without this section: the table
# org_mover.route(organization, cell, epoch) in the control database.
# routing:
#   kind: postgres
#   url: "\${ROUTING_URL}"                  # only where the table is not in the control database
#   table: public.organization_routes
#   org_column: organization_id
#   cell_column: cell_id
#   epoch_column: epoch                    # optional; raised with every flip
#   cell_values: {cell-a: 1, cell-b: 2}    # what stands in cell_column; default: the cell's name
# A router of your own: kind: command with command, or kind: http with url (docs/routing.md).

# Who owns which rows. \`org-mover discover\` shows what follows from this.
tenancy:
  root: public.organizations               # table whose rows are the organizations; null where there is none
  root_key: id
  sharding_key: organization_id            # column name, or list of names
  schemas: [public]
  unowned: error                           # rows whose keys are all NULL: error or stay
  # dictionary: ./dictionary               # \`org-mover discover --write ./dictionary\` writes a first draft
  # classes:
  #   gitlab_ci: {database: ci}
  # tables:
  #   public.schema_migrations: {exempt: skip}
  #   public.plans: {exempt: lookup, match_by: [name]}
  #   public.users: {exempt: shared}
  #   public.roles: {unowned: stay}
  #   public.message_bodies: {sharding_key: {id: messages}}
  #   public.integrations:
  #     columns: {token: {secret: {codec: aes-256-gcm, key: app}}}

# secrets:
#   codecs: [./codecs/ours.mjs]            # codec modules of your own

# Hooks put the application itself into maintenance mode; probes yield one number, which must be zero twice in a row.
# maintenance:
#   enter: [{command: ["bin/maintenance", "on"], timeout: 30s}]
#   ready: [{sql: "SELECT count(*) FROM jobs WHERE state = 'queued'", cell: source}]
#   leave: [{http: "https://example.com/maintenance/off"}]

# Who is told when a move rests, fails or ends, with the path of its report.
# notify:
#   reports: ./reports
#   hooks: [{http: "https://example.com/moves"}]

# What lives outside PostgreSQL, and the programs that move it along (docs/participants.md).
# participants:
#   - name: uploads
#     command: [node, participants/directory-rsync.mjs]
#     options: {roots: {cell-a: /srv/a, cell-b: /srv/b}, path: "orgs/{org}"}

copy:
  jobs: 4                                  # parallel streams
  chunk_rows: 100000
  max_bytes_per_second: null               # no limit

verify:
  repair_attempts: 2                       # how often resume loads chunks again that differed

lease: 30s                                 # after so long without a heartbeat another process may take the move over
lock_timeout: 3s                           # nobody waits longer for a lock of the mover
answer_timeout: 60s                        # a connection whose server sends nothing and is not at work for it is cut
drain_timeout: 60s                         # how long to wait for transactions older than the freeze
sequences: check                           # or advance, where both cells share one range of ids
retention: 7d                              # how long the source rows are kept, fenced, after the cutover
confirm_cutover: false                     # true: ask a person before the cutover
`
