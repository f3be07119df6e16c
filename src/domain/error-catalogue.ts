import type { ExitCode } from './exit-code.js'

/**
 * Every code that a command can end with or a finding can carry: the documentation of errors is generated from this list
 * (docs/errors.md). OM1 usage and configuration, OM2 preconditions and findings, OM3 database and transport,
 * OM4 verification, OM5 cutover, OM6 purge, OM9 bugs of ours.
 */
export interface CatalogueEntry {
  readonly title: string
  readonly cause: string
  readonly remedy: string
  /** The process's exit code when a command ends with it. */
  readonly exit: ExitCode
}

const entry = (exit: ExitCode, title: string, cause: string, remedy: string): CatalogueEntry => ({ title, cause, remedy, exit })

export const ERROR_CATALOGUE = {
  OM1001: entry(2, 'Configuration is wrong', 'The configuration file has unknown keys, wrong types or values that contradict each other.', 'Correct every problem listed; `schema/config.schema.json` lets an editor check the file.'),
  OM1002: entry(2, 'Configuration file cannot be read', 'The file does not exist, is not readable or is not YAML.', 'Name it with --config or ORG_MOVER_CONFIG; `org-mover init` writes a commented one.'),
  OM1003: entry(2, 'Dictionary is wrong', 'A dictionary file has a wrong type, or two files describe one table.', 'Correct the files and lines listed.'),
  OM1004: entry(2, 'Usage is wrong', 'An option or argument is missing or does not fit.', 'See `org-mover help COMMAND`.'),
  OM1005: entry(2, 'Unknown cell', 'The cell named is not in the configuration.', 'Use a name under `cells`.'),
  OM1006: entry(2, 'Unknown organization', 'Routing knows nothing of the organization, or the root table has no such row on the source cell.', 'Check the id. A first route is made by `org-mover move --from CELL` or `org-mover route set`.'),
  OM1007: entry(2, 'Unknown move', 'No move has this id, or several begin with it.', '`org-mover list` shows the moves.'),
  OM1008: entry(2, 'Not confirmed', 'The command changes something and was declined, or there is no terminal to ask on.', 'Run it again with --yes.'),
  OM2001: entry(3, 'Source and target are the same cell', 'The organization is already on the cell named.', 'Nothing to do, or name another cell.'),
  OM2002: entry(3, 'The route contradicts --from', 'Routing says that another cell serves the organization.', 'Leave --from out, or repair the route with `org-mover route set`.'),
  OM2003: entry(3, 'The organization is being moved already', 'A move of this organization has not ended.', 'Resume, abort or purge that move first.'),
  OM2004: entry(3, 'The organization owns no row', 'Neither the root table nor any owned table holds a row of the organization on the source.', 'Check the id and the source cell.'),
  OM2005: entry(3, 'The target retains the organization from an earlier move', 'The rows of an earlier move away from this cell have not been purged yet.', 'Purge that move first.'),
  OM2006: entry(3, 'Command does not fit the state of the move', 'For example an abort after the cutover, or a purge before it.', 'The message says which command fits.'),
  OM2007: entry(3, 'Findings stop the move', 'Prepare found at least one problem of severity error.', 'Every finding names its remedy; nothing was changed.'),
  OM2008: entry(3, 'The window would be longer than allowed', 'The estimate of the window is longer than --max-window.', 'Allow more, move at another time, or lessen what moves; `org-mover plan --sample` measures instead of estimating. Nothing was changed.'),
  OM2010: entry(3, 'Missing privilege', 'A role lacks a right that the move needs.', 'Grant it; schema/roles.sql holds the full set.'),
  OM2011: entry(3, 'Transaction-mode pooler', 'A session lost its settings between transactions.', 'Connect to PostgreSQL directly or through a session-mode pooler.'),
  OM2012: entry(3, 'Server does not fit', 'Server version, encoding or role (a standby) does not allow the move.', 'Connect to a primary of a supported version.'),
  OM2013: entry(3, 'Not initialised', 'The control schema is missing or older than this program.', 'Run `org-mover init`.'),
  OM2101: entry(3, 'Unclassified table', 'Neither dictionary, configuration nor inference says who owns the rows of the table.', 'Declare a sharding key or an exempt strategy for it.'),
  OM2102: entry(3, 'Ownership refers to something that does not exist', 'A rule names a table or column that the catalog does not have, or a parent that has no owner itself.', 'Correct the rule.'),
  OM2103: entry(3, 'Rows without an owner', 'All key columns of these rows are NULL, or lead to such rows.', 'Fill the keys, or declare `unowned: stay` for the table.'),
  OM2104: entry(3, 'Owned row refers to a row that will not be on the target', 'A foreign key or declared reference leads to a row that does not move.', 'Correct the row, classify the table referred to, or give the column a rule (lookup, map, set).'),
  OM2105: entry(3, 'Key columns disagree', 'Two key columns, or two foreign-key chains, of one row lead to different organizations.', 'Correct the rows, or declare which column decides.'),
  OM2106: entry(3, 'Conflict with a row on the target', 'A row of the target has the same primary or unique key, or excludes a moving row.', 'Remove or change one of the two rows.'),
  OM2107: entry(3, 'Rows of the organization on the target', 'The target holds rows of the organization before the load.', 'They are listed; remove them, or purge the earlier move.'),
  OM2108: entry(3, 'The cells differ in their schema', 'Table, column, type, enum, constraint or generated expression differ between the cells.', 'Bring both cells to the same schema version.'),
  OM2109: entry(3, 'No partition on the target', 'The target has no partition for rows that will move.', 'Create it; the hint holds the DDL.'),
  OM2110: entry(3, 'Ids inside the range of a sequence of the target', 'The target would hand out ids that the moving rows already use.', 'Give the cells disjoint ranges, or declare `sequences: advance`.'),
  OM2111: entry(2, 'A rule is not valid SQL', 'A `where` or `when` is not one boolean expression that the server accepts.', 'Correct the expression.'),
  OM2112: entry(3, 'Lookup rows do not match', 'The natural key is not unique or null, or a row in use is missing on the target.', 'Correct `match_by`, add the row, or declare `insert_missing: true`.'),
  OM2113: entry(3, 'Shared rows differ', 'A row that several organizations use has another content on the target.', 'Make them equal, or declare the columns under `differ_by`.'),
  OM2114: entry(3, 'Secret cannot be encrypted anew', 'A column is declared secret, and its codec, its key on one of the cells, or its options do not fit.', 'Correct the rule or the keyrings; docs/secrets.md has the codecs and their options.'),
  OM2115: entry(3, 'Rows that stay refer to rows that leave', 'A row of another organization, or of a table that does not move, has a foreign key to a moving row.', 'Correct the reference before the purge; the purge stops at it.'),
  OM2116: entry(3, 'Table without a key', 'The table has neither a primary key nor a unique index over NOT NULL columns.', 'It is copied in one transaction and compared as a multiset; add a primary key for chunks and resume.'),
  OM2117: entry(3, 'Trigger fires in the replica role', 'A trigger or rule is ENABLE ALWAYS or REPLICA: on the target it would fire for the loaded rows, on the source for those that the purge deletes.', 'Change it to ENABLE (origin) for the move, or drop it.'),
  OM2118: entry(3, 'No index serves this read', 'Reading the rows of the organization would scan the whole table.', 'Create the index of the hint.'),
  OM2119: entry(3, 'Large objects', 'A column of type oid or lo may refer to large objects, which do not move.', 'Declare the table skip, or move the objects by hand.'),
  OM2120: entry(3, 'Row-level security hides rows', 'A policy applies to the role of the mover.', 'Use a role with BYPASSRLS or the owner without FORCE.'),
  OM2121: entry(3, 'Logical replication subscription', 'A subscription writes past the fence: an error where it is to a table of the move, else a warning.', 'Disable the subscription until the move has cut over.'),
  OM2122: entry(3, 'Owned table outside the schemas listed', 'A table in a schema that is not under tenancy.schemas has a key column or refers to owned rows.', 'List the schema under tenancy.schemas, or declare the table.'),
  OM2123: entry(3, 'Row too large', 'A row is larger than the 1 GB that PostgreSQL can send.', 'Shorten or remove the row.'),
  OM2124: entry(3, 'A check could not be finished in bounded time', 'The table is too large to be looked at without an index.', 'Create the index of the hint, or run the check by hand.'),
  OM2125: entry(3, 'Dictionary and database differ', 'An entry without table, a table without entry, or a key column that lacks what it should have.', 'Correct the dictionary or the schema.'),
  OM2126: entry(3, 'Rows in a database where the table is not used', 'A table of a decomposed cell holds rows in a database other than the one it is moved from.', 'Declare both databases for the table, or empty the one that is not used.'),
  OM2127: entry(3, 'Secret cannot be opened', 'A value of a secret column is not readable with any version of the key of the source, or is in the clear where it may not be.', 'Correct the values, or declare `unreadable: carry` or `null`, or `clear: pass`, for the column.'),
  OM2128: entry(3, 'One-way digests lose their worth', 'A column holds digests salted with the key of the cell, and the cells have different keys: nothing can look them up on the target.', 'Give both cells the key, or accept the loss by name with `accept_loss`.'),
  OM2129: entry(3, 'Secrets have not been sealed', 'Secrets of the move travel sealed, and nobody has sealed them yet where the keys of the source are.', 'Run `org-mover secrets seal MOVE_ID` there, then `org-mover resume`.'),
  OM2132: entry(3, 'Replica does not fit', 'The server that `read_from` names is no standby of the source, or follows another branch of its history.', 'Correct `read_from`, or leave it out, then run `org-mover resume`.'),
  OM3001: entry(5, 'Server unreachable', 'A connection could not be made.', 'Check address and network, then run the command again.'),
  OM3002: entry(5, 'Connection lost', 'The server or the network ended a connection.', 'Run `org-mover resume`.'),
  OM3003: entry(5, 'Lock not granted in time', 'Another session held a lock for longer than lock_timeout.', 'Run `org-mover resume`; the message names who holds the lock.'),
  OM3004: entry(5, 'Lease held by another process', 'Another process drives the move.', 'Wait for it, or for its lease to end.'),
  OM3005: entry(5, 'Lease lost', 'Another process has taken the move over.', 'Leave the move to that process; `org-mover status` shows it.'),
  OM3006: entry(5, 'Old transactions do not end', 'Transactions older than the freeze are still open.', 'End the sessions listed, then run `org-mover resume`.'),
  OM3007: entry(1, 'Database error', 'PostgreSQL rejected a statement.', 'The message has the SQLSTATE; run `org-mover resume` after repair.'),
  OM3008: entry(5, 'Stream stalled', 'No byte moved for longer than the watchdog allows.', 'Run `org-mover resume`.'),
  OM3009: entry(5, 'Resource exhausted on a server', 'Disk full, too many connections or out of memory.', 'Make room, then run `org-mover resume`.'),
  OM3010: entry(1, 'Login refused', 'The server refused the credentials or the database does not exist.', 'Correct the URL in the configuration.'),
  OM3011: entry(1, 'A hook failed', 'A maintenance hook or readiness probe failed or timed out.', 'Repair what it reports, then run `org-mover resume`.'),
  OM3012: entry(5, 'Statement cancelled', 'A statement ran into its time limit or was cancelled.', 'Run the command again.'),
  OM3013: entry(5, 'The cell has as many moves as it may', 'So many moves from or to the cell are under way as `max_moves` allows.', 'Run the command again when one of them has cut over or was aborted.'),
  OM3014: entry(1, 'The window is spent', 'The organization was frozen for longer than --max-window allows before the cutover; the move took itself back.', 'Look at the report for what took so long, then begin again with a longer window.'),
  OM3020: entry(5, 'Replica lags', 'The replica that `read_from` names did not replay the log of the source up to the freeze within `replica_timeout`.', 'Run `org-mover resume` when it has caught up, or leave `read_from` out.'),
  OM4001: entry(4, 'Verification found differences', 'Rows are missing, extraneous or mismatching on the target.', '`org-mover abort` takes the target back; the rows are listed.'),
  OM4002: entry(5, 'Could not verify', 'Verification did not see every table to its end.', 'Run `org-mover verify` or `org-mover resume` again.'),
  OM4003: entry(3, 'The world changed under the fence', 'A catalog, a fence, a system identifier or a timeline differs from what was frozen.', 'The message names it. Abort, or repair and resume.'),
  OM4004: entry(4, 'Rows arrived in other number than sent', 'A COPY stored another number of rows than the source sent.', 'Look for rules or triggers on the target; run `org-mover resume` after repair.'),
  OM5001: entry(3, 'The route is not what it was', 'Compare-and-swap found another cell or epoch than this move began with.', 'Look at the route; abort the move.'),
  OM5002: entry(6, 'Outcome of the cutover unknown', 'The connection was lost between the commit and its answer.', 'Run `org-mover resume`: it reads the route and decides.'),
  OM6001: entry(3, 'Retention is not over', 'The source rows must be kept for longer.', 'Wait, or waive it by name with --waive-retention=ORG.'),
  OM6002: entry(3, 'Source differs from what was verified', 'A row to purge is not the row that was verified, or is not in the manifest.', 'The rows stay. Find out who wrote them, then decide by hand.'),
  OM6003: entry(3, 'Rows that stay refer to rows to purge', 'A neighbour has a foreign key to a row that the purge would delete.', 'Correct the reference, then run `org-mover purge` again.'),
  OM6004: entry(3, 'The route leads to the source', 'Routing says that the source cell serves the organization.', 'Never purge what is being served; look at the route.'),
  OM6005: entry(3, 'A trigger or rule would fire on the purge', 'A trigger or rule on DELETE of a table to purge is ENABLE ALWAYS or REPLICA: it would act on every row that goes, and could change rows of other organizations.', 'Change it to ENABLE (origin) for the purge, or drop it, then run `org-mover purge` again.'),
  OM9001: entry(70, 'Internal invariant broken', 'A bug of org-mover.', 'Report it with the log.'),
  OM9002: entry(1, 'Unexpected failure', 'Something failed that org-mover does not classify.', 'The message has the cause; run `org-mover status`, then `org-mover resume`.'),
} as const satisfies Record<string, CatalogueEntry>

export type ErrorCode = keyof typeof ERROR_CATALOGUE
