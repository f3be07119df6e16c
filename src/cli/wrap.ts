import { widthOf } from './style.js'

/** Cells that a line may take. In a file a row of a table stays one line, for those who search it. */
export interface Widths {
  readonly prose: number
  readonly tables: number
}

/**
 * Words of a text in lines of at most `width` cells, those after the first behind `indent` blanks. A word that is wider than a line, as a
 * file's path, stays whole: whoever copies it must get all of it. Colours are put on afterwards.
 */
export function wrapped(text: string, width: number, indent: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const begun = line === '' ? word : `${line} ${word}`
    // what stands before the text in the first line takes as much as the blanks before the others
    if (line === '' || widthOf(begun) + indent <= width) line = begun
    else {
      lines.push(line)
      line = word
    }
  }
  lines.push(line)
  return lines.map((one, index) => (index === 0 ? one : `${' '.repeat(indent)}${one}`))
}
