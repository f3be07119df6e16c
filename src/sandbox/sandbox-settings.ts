/**
 * postgresql.conf of a throw-away cluster. Durability against loss of power is given up (fsync, full_page_writes); durability
 * against the death of processes is not (synchronous_commit), because tests kill servers and count rows.
 */
export const SANDBOX_SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'on',
  wal_level: 'logical',
  max_connections: '200',
  max_prepared_transactions: '20',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
}

export const SANDBOX_USER = 'postgres'

/** Text of a configuration file; values are quoted, so that any value is safe. */
export function settingsFile(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = '${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'\n`)
    .join('')
}
