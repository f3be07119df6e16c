/** One thing that is wrong in a file that an operator wrote. The text never holds a value of the file: it could be a credential. */
export interface Problem {
  /** `org-mover.yaml:12`; the line is left out where there is none. */
  readonly place: string
  readonly path: readonly PropertyKey[]
  readonly text: string
}

/** In the order of the lines of one file. */
export function inFileOrder(problems: readonly Problem[]): readonly Problem[] {
  const line = ({ place }: Problem): number => Number(/:(\d+)$/.exec(place)?.[1] ?? 0)
  return problems.toSorted((a, b) => line(a) - line(b))
}

/** Every problem on a line of its own. */
export function listProblems(problems: readonly Problem[]): string {
  return problems.map(({ place, path, text }) => `  ${place} ${path.length === 0 ? '' : `${formatPath(path)}: `}${text}`).join('\n')
}

/** `cells.cell-a.databases.main`, `tenancy.tables["public.notes"].exempt`, `maintenance.enter[0]`. */
function formatPath(path: readonly PropertyKey[]): string {
  return path.map((segment, index) => formatSegment(segment, index === 0)).join('')
}

function formatSegment(segment: PropertyKey, isFirst: boolean): string {
  if (typeof segment === 'number') return `[${segment}]`
  const text = withoutUrl(String(segment))
  if (/^[\w-]+$/.test(text)) return isFirst ? text : `.${text}`
  return `[${JSON.stringify(text)}]`
}

/** A key can hold a URL by a slip of the hand (`databases: {"postgres://…"}`), or what a forgotten quote left of a value, and with it a password. */
function withoutUrl(text: string): string {
  if (text.includes('://')) return '…://…'
  return /\/\/|[@"']/.test(text) ? '…' : text
}
