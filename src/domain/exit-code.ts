/** What the process ends with (README, "Exit codes"); 130 and 143 are for interruption by SIGINT and SIGTERM. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 70 | 130 | 143

/** As README and the manual page tell them. */
export const EXIT_CODES: readonly (readonly [string, string])[] = [
  ['0', 'done, paused where asked, or nothing left to do'],
  ['1', 'failed for another reason; the error says what to do'],
  ['2', 'usage or configuration is wrong, or it was not confirmed'],
  ['3', 'a precondition is not met: nothing was moved'],
  ['4', 'verification found differences: proven'],
  ['5', 'transient or contended: safe to run again'],
  ['6', 'outcome of the cutover\'s commit unknown: run resume, which reads and decides'],
  ['70', 'internal invariant broken: a bug'],
  ['130, 143', 'interrupted by SIGINT, SIGTERM; the move can be resumed'],
]
