import { spawn } from 'node:child_process'

/**
 * Waits for the end of its standard input, which comes when the process that holds the other end is gone, however it ended.
 * Then it kills the postmaster of the data directory, if the pid in its file really is one, and removes the cluster's folder.
 */
const SCRIPT = `
trap '' HUP INT TERM
while read -r order; do [ "$order" = dismissed ] && exit 0; done
read -r pid 2>/dev/null <"$0/data/postmaster.pid" || pid=
if [ -n "$pid" ]; then
  line=$( (tr '\\0' ' ' <"/proc/$pid/cmdline" || ps -ww -o command= -p "$pid") 2>/dev/null)
  case $line in *"$0/data"*) kill -QUIT "$pid" ;; esac
  tries=0
  while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
fi
rm -rf "$0"
`

/** Resolves nothing and holds nothing open; `dismiss` ends it without touching the cluster. */
export interface Watchdog {
  dismiss(): void
}

/** Guards the cluster in `directory` against the death of this process. */
export function startWatchdog(directory: string): Watchdog {
  const child = spawn('/bin/sh', ['-c', SCRIPT, directory], { stdio: ['pipe', 'ignore', 'ignore'], detached: true, cwd: '/' })
  // without sh, and after its own death, the next run's sweep does the same
  child.once('error', () => undefined)
  child.stdin.on('error', () => undefined)
  child.unref()
  if ('unref' in child.stdin && typeof child.stdin.unref === 'function') child.stdin.unref()
  return { dismiss: () => void child.stdin.end('dismissed\n') }
}
