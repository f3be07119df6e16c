import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stringify } from 'yaml'
import { startWatchdog } from '../../sandbox/watchdog.js'
import type { DemoCells } from './demo-cells.js'
import type { DemoKeys } from './demo-secrets.js'

/** The dictionary of the demo schema, part of the package; this path holds from src/ as from dist/. */
const DICTIONARY = fileURLToPath(new URL('../../../schema/demo/dictionary', import.meta.url))
/** Small, so that the chunks of the big organization can be watched. */
const CHUNK_ROWS = 4000

/** Configuration and keyrings of one demo. Disposing removes them; so does the end of this process, however it comes. */
export interface DemoFiles extends AsyncDisposable {
  readonly directory: string
  readonly config: string
  /** Leaves them, and yields a script that ends the servers and removes every trace. */
  keep(cells: DemoCells): Promise<string>
}

/** Only this user may read the folder: the configuration holds passwords. */
export async function writeDemoFiles(cells: DemoCells, keys: DemoKeys): Promise<DemoFiles> {
  const directory = await mkdtemp(join(tmpdir(), 'org-mover-demo-'))
  const watchdog = startWatchdog(directory)
  const removeNow = (): void => rmSync(directory, { recursive: true, force: true })
  process.once('exit', removeNow)
  const config = join(directory, 'org-mover.yaml')
  let isKept = false
  const letGo = (): void => {
    process.off('exit', removeNow)
    watchdog.dismiss()
  }
  await writeKeyrings(directory, keys)
  await writePrivate(config, HEADER + stringify(configOf(cells)))
  return {
    directory,
    config,
    keep: async ({ clusters }) => {
      const script = join(directory, 'stop.sh')
      await writePrivate(script, stopScript(directory, clusters.map(({ pid, dataDirectory }) => ({ pid: pid ?? 0, folder: dirname(dataDirectory) }))))
      for (const cluster of clusters) await cluster.keep()
      isKept = true
      letGo()
      return script
    },
    [Symbol.asyncDispose]: async () => {
      if (isKept) return
      await rm(directory, { recursive: true, force: true })
      letGo()
    },
  }
}

const HEADER = '# Two demo cells and their control database, as `org-mover demo` left them.\n'

function configOf(cells: DemoCells): unknown {
  return {
    cells: {
      'cell-a': { databases: { main: cells.url('source') }, keyring: './keys/cell-a.yaml' },
      'cell-b': { databases: { main: cells.url('target') }, keyring: './keys/cell-b.yaml' },
    },
    control: cells.url('control'),
    tenancy: {
      root: 'public.organizations',
      root_key: 'id',
      sharding_key: 'organization_id',
      schemas: ['public'],
      dictionary: DICTIONARY,
      classes: { gitlab_main_org: { database: 'main' }, gitlab_main_user: { database: 'main' }, gitlab_ci: { database: 'main' }, gitlab_main_cell_local: { exempt: 'skip' } },
    },
    copy: { jobs: 2, chunk_rows: CHUNK_ROWS },
    retention: '7d',
  }
}

/** A key of each cell's own: secrets are encrypted anew on the way. */
async function writeKeyrings(directory: string, keys: DemoKeys): Promise<void> {
  await mkdir(join(directory, 'keys'), { mode: 0o700 })
  for (const [cell, key] of [['cell-a', keys.source], ['cell-b', keys.target]] as const) {
    await writePrivate(join(directory, 'keys', `${cell}.yaml`), stringify({ keys: { app: { current: 'k1', versions: { k1: key.toString('base64') } } } }))
  }
}

async function writePrivate(file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600, flag: 'wx' })
}

interface KeptServer {
  readonly pid: number
  readonly folder: string
}

/** A pid may belong to another process by then: only a server of that very folder is ended. */
function stopScript(directory: string, servers: readonly KeptServer[]): string {
  const stops = servers.map(({ pid, folder }) => `stop ${pid} '${folder}'`)
  return `#!/bin/sh
# Ends the servers that \`org-mover demo --keep\` left running, and removes their files and this folder.
stop() {
  case $(ps -ww -o command= -p "$1" 2>/dev/null || tr '\\0' ' ' <"/proc/$1/cmdline" 2>/dev/null) in
    *"$2/data"*) kill -INT "$1" ;;
  esac
  tries=0
  while kill -0 "$1" 2>/dev/null && [ "$tries" -lt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
  rm -rf "$2"
}
${stops.join('\n')}
rm -rf '${directory}'
`
}
