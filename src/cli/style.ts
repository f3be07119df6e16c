/** Colours of a terminal, or none. */
export interface Style {
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  green(text: string): string
  yellow(text: string): string
  cyan(text: string): string
}

export function createStyle(hasColour: boolean): Style {
  const sgr = (open: number, close: number) => (text: string) => (hasColour && text !== '' ? `\u001b[${open}m${text}\u001b[${close}m` : text)
  return { bold: sgr(1, 22), dim: sgr(2, 22), red: sgr(31, 39), green: sgr(32, 39), yellow: sgr(33, 39), cyan: sgr(36, 39) }
}

// eslint-disable-next-line no-control-regex
const ESCAPES = /\u001b\[\d+m/g

/** How many cells of a line the text takes. */
export function widthOf(text: string): number {
  return [...text.replaceAll(ESCAPES, '')].length
}

/** At most `width` cells of a text without colours. */
export function clip(text: string, width: number): string {
  const letters = [...text]
  return letters.length <= width ? text : `${letters.slice(0, Math.max(0, width - 1)).join('')}…`
}

/** Names and values of a database may hold anything; a terminal must not obey it. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (letter) => `\\u${(letter.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)
}

/** The same for texts of several lines. */
export function printableLines(text: string): readonly string[] {
  return text.split('\n').map(printable)
}
