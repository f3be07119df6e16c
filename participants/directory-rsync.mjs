#!/usr/bin/env node
// The directory tree of an organization, by rsync. Where the two cells keep it:
//
//   participants:
//     - name: uploads
//       command: [node, participants/directory-rsync.mjs]
//       timeouts: {replicate: 6h, lag: 1h, final_sync: 30m, verify: 1h}
//       max_lag: 100                                   # files that had changed since the reading before
//       options:
//         roots: {cell-a: /srv/cell-a/uploads, cell-b: "mover@files-b:/srv/uploads"}
//         path: "orgs/{org}"                           # below each root
//
// Needs rsync 3.2.3 or newer, on remote hosts too. At most one of the two may be on another host. Contents, permissions, times, links and, as root, owners travel; the verification reads every
// file on both sides. A mark beside the tree on the target (<root>/.org-mover/<move id>) says that what is there came by this move: nothing that
// does not bear it is overwritten or deleted.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { answer, forOrg, option, Refusal } from './protocol.mjs'

const run = promisify(execFile)
const ARCHIVE = ['-aH', '--numeric-ids', '-s']
/** rsync: some files vanished while it read. */
const VANISHED = 24

async function rsync(args, { mayMiss = false } = {}) {
  try {
    const { stdout } = await run('rsync', args, { maxBuffer: 2 ** 30, env: { ...process.env, LC_ALL: 'C' } })
    return stdout
  } catch (error) {
    if (error.code === 'ENOENT') throw new Refusal('rsync is not installed on the machine that runs org-mover (Debian: apt-get install rsync; it must be on remote hosts too)')
    if (mayMiss && error.code === 23) return null
    if (error.code === VANISHED) return error.stdout
    throw new Error(`rsync ended with ${error.code}: ${String(error.stderr).trim().split('\n')[0]}`)
  }
}

function placesOf(request) {
  const path = forOrg(option(request, 'path'), request.org)
  const root = (cell) => {
    const found = option(request, 'roots')[cell]
    if (typeof found !== 'string' || !/^(?:[^/:]+:)?\/./.test(found)) throw new Refusal(`options.roots has no absolute path for ${cell}`)
    return found.replace(/\/+$/, '')
  }
  const [from, to] = [root(request.source), root(request.target)]
  if (isRemote(from) && isRemote(to)) throw new Refusal('one of the two roots must be on the machine that runs org-mover')
  if (from === to) throw new Refusal('both cells have the same root')
  return { source: `${from}/${path}/`, target: `${to}/${path}/`, marks: `${to}/.org-mover/`, mark: `${to}/.org-mover/${request.moveId}` }
}

const isRemote = (place) => !place.startsWith('/')
const exists = async (place) => (await rsync(['--list-only', '-s', place], { mayMiss: true })) !== null

async function isEmpty(place) {
  const listed = await rsync(['--list-only', '-s', place], { mayMiss: true })
  return listed === null || listed.trim().split('\n').filter((line) => !line.endsWith(' .')).length === 0
}

/** What would have to be done to make the target the source: one line a file. Times of folders do not count. */
async function differences(places, how) {
  const listed = await rsync([...ARCHIVE, '--dry-run', '--delete', '--out-format=%i %n', ...how, places.source, places.target])
  return listed.split('\n').filter((line) => line !== '' && !/^\.d\.\.t\.+ /.test(line))
}

async function synchronise(places, how) {
  if (!(await exists(places.source))) {
    await empty(places.target)
    return { files: 0, bytes: 0 }
  }
  const stats = await rsync([...ARCHIVE, '--mkpath', '--delete-delay', '--partial', '--stats', ...how, places.source, places.target])
  const number = (label) => Number((new RegExp(`${label}: ([\\d,]+)`).exec(stats)?.[1] ?? '0').replaceAll(',', ''))
  return { files: number('Number of regular files transferred'), bytes: number('Total transferred file size') }
}

async function withFolder(work) {
  const folder = await mkdtemp(join(tmpdir(), 'org-mover-rsync-'))
  try {
    return await work(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function setMark({ mark, marks }, request) {
  await withFolder(async (folder) => {
    const file = join(folder, request.moveId)
    await writeFile(file, `${JSON.stringify({ moveId: request.moveId, org: request.org, from: request.source })}\n`)
    await rsync(['-a', '--mkpath', '-s', file, marks])
  })
  if (!(await exists(mark))) throw new Error('the mark was written, and is not there')
}

/** Deletes what is below the place, and the place where it is on this machine. */
async function empty(place) {
  if (!(await exists(place))) return
  await withFolder((folder) => rsync(['-a', '--delete', '-s', `${folder}/`, place]))
  if (!isRemote(place)) await rm(place, { recursive: true, force: true })
}

/** Only the mark itself, among those of other moves. */
async function removeMark({ mark, marks }, moveId) {
  if (!(await exists(mark))) return
  await withFolder((folder) => rsync(['-r', '--delete', '-s', `--include=/${moveId}`, '--exclude=*', `${folder}/`, marks]))
}

async function mustBeOurs(places, what) {
  if (await exists(places.mark)) return
  throw new Refusal(`${what}: the target has no mark of this move`)
}

await answer({
  check: async (request) => {
    const places = placesOf(request)
    await rsync(['--version'])
    const isOurs = request.moveId !== null && (await exists(places.mark))
    if (!isOurs && !(await isEmpty(places.target))) throw new Refusal(`${request.target} has files of the organization already: remove them`)
    return (await exists(places.source)) ? {} : { warnings: [`${request.source} has no directory of the organization: nothing will be copied`] }
  },
  replicate: async (request) => {
    const places = placesOf(request)
    if (!(await exists(places.mark))) {
      if (!(await isEmpty(places.target))) throw new Refusal(`${request.target} has files of the organization already: remove them`)
      await setMark(places, request)
    }
    return { facts: await synchronise(places, []) }
  },
  // nothing replicates by itself: each reading brings over what it found, so that the next one finds only what came since
  lag: async (request) => {
    const places = placesOf(request)
    await mustBeOurs(places, 'nothing was synchronised')
    if (!(await exists(places.source))) return { lag: 0 }
    const behind = (await differences(places, [])).length
    if (behind > 0) await synchronise(places, [])
    return { lag: behind }
  },
  final_sync: async (request) => {
    const places = placesOf(request)
    await mustBeOurs(places, 'nothing was synchronised')
    return { facts: await synchronise(places, ['--checksum']) }
  },
  verify: async (request) => {
    const places = placesOf(request)
    if (!(await exists(places.source))) return { equal: await isEmpty(places.target) }
    const found = await differences(places, ['--checksum'])
    const files = (await rsync(['-r', '--list-only', '-s', places.source])).split('\n').filter((line) => line.startsWith('-')).length
    if (found.length === 0) return { equal: true, facts: { files } }
    return { equal: false, message: `${found.length} file(s) differ: ${found.slice(0, 5).join('; ')}`, facts: { files, differing: found.length } }
  },
  cutover: async () => ({}),
  purge: async (request) => {
    const places = placesOf(request)
    await mustBeOurs(places, 'nothing was deleted on the source')
    await empty(places.source)
    return {}
  },
  purge_tracking: async (request) => {
    await removeMark(placesOf(request), request.moveId)
    return {}
  },
  abort: async (request) => {
    const places = placesOf(request)
    if (!(await exists(places.mark))) return {}
    await empty(places.target)
    await removeMark(places, request.moveId)
    return {}
  },
})
