import type { Random } from './random.js'

export const STYLES = ['plain', 'mixed', 'script', 'long', 'hostile'] as const
export type Style = (typeof STYLES)[number]

const LONGEST_BYTES = 63

/** A name in one of the ways in which people and programs name things; `word` is unique where it has to be. */
function styled(style: Style, word: string): string {
  // as PostgreSQL itself cuts a name
  return Buffer.from(spelled(style, word)).subarray(0, LONGEST_BYTES).toString().replace(/\uFFFD+$/, '').trim()
}

function spelled(style: Style, word: string): string {
  switch (style) {
    case 'plain':
      return word
    case 'mixed':
      return `${word.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())} Of Us`
    case 'script':
      return `таблица_${word}_組織`
    case 'long':
      return `${word}_${'very_long_name_'.repeat(5)}`
    case 'hostile':
      // placeholders, quotes, comments, escapes and keywords of every text that names are put into
      return `${word} "$&" {{where}} 'x'; -- :org %s \\ select`
  }
}

export function namer(random: Random, styles: readonly Style[]): (word: string) => string {
  return (word) => styled(random.pick(styles), word)
}
