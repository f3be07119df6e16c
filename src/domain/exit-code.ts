/** What the process ends with (README, "Exit codes"); 130 and 143 are for interruption by SIGINT and SIGTERM. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 70 | 130 | 143
