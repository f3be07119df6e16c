import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const BROWSER = ['chromium', 'chromium-browser', 'google-chrome'].find((name) => spawnSync(name, ['--version']).status === 0)

/** Of tests that need a browser: whether there is none, and what their names say then. */
export const BROWSERLESS = { is: BROWSER === undefined, note: BROWSER === undefined ? ' (not run: there is no Chromium on this machine)' : '' }

/** What a page looks like in a window of some width, in CSS pixels. */
export interface LaidOut {
  /** By how much the page is wider than its window. */
  readonly overflow: number
  /** The height of the smallest letters of its charts. */
  readonly smallestLetters: number
  /** The lines that the longest fingerprint takes. */
  readonly linesOfFingerprint: number
}

/** What a browser makes of the page, as markup. */
export async function openedInBrowser(page: string): Promise<string> {
  return inBrowser({ 'page.html': page }, 'page.html')
}

/** Measured in a frame, since a browser's own window has a least width. */
export async function laidOut(page: string, width: number): Promise<LaidOut> {
  const frame = `<!DOCTYPE html><body><iframe src="page.html" style="width:${width}px;height:900px;border:0"></iframe><script>
document.querySelector('iframe').onload = ({ target: { contentDocument: { documentElement: root } } }) => {
  const sizes = (selector, size) => [...root.querySelectorAll(selector)].map(size)
  const measured = {
    overflow: root.scrollWidth - root.clientWidth,
    smallestLetters: Math.min(...sizes('svg text', (text) => text.getBoundingClientRect().height)),
    linesOfFingerprint: Math.max(0, ...sizes('td code.whole', (code) => code.getClientRects().length)),
  }
  document.body.innerHTML = '<pre id="measured">' + JSON.stringify(measured) + '</pre>'
}</script>`
  const markup = await inBrowser({ 'page.html': page, 'frame.html': frame }, 'frame.html')
  const found = /<pre id="measured">(.*)<\/pre>/.exec(markup)?.[1]
  if (found === undefined) throw new Error('the page was not measured')
  return JSON.parse(found) as LaidOut
}

async function inBrowser(files: Readonly<Record<string, string>>, opened: string): Promise<string> {
  if (BROWSER === undefined) throw new Error('there is no browser')
  const folder = await mkdtemp(join(tmpdir(), 'org-mover-page-'))
  try {
    await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text)))
    const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--allow-file-access-from-files', `--user-data-dir=${join(folder, 'profile')}`, '--virtual-time-budget=10000', '--dump-dom', pathToFileURL(join(folder, opened)).href]
    const { stdout } = await promisify(execFile)(BROWSER, args, { timeout: 60_000, maxBuffer: 64 * 1024 * 1024 })
    return stdout
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
