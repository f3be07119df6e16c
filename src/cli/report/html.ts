/** Text that is markup already: nothing else reaches a page unescaped. */
export class Markup {
  constructor(readonly text: string) {}
}

type Part = string | number | Markup | null | readonly Part[]

/** Whatever is put into the template is escaped, unless it is markup made by this function itself. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return new Markup(strings.reduce((text, string, n) => text + string + (n < parts.length ? rendered(parts[n] ?? null) : ''), ''))
}

function rendered(part: Part): string {
  if (part === null) return ''
  if (part instanceof Markup) return part.text
  if (typeof part === 'object') return part.map(rendered).join('')
  return escaped(String(part))
}

/** Names may hold anything: what would be markup, and what a browser or a terminal would obey (control and direction characters). */
function escaped(text: string): string {
  return text
    .replaceAll(/[&<>"'`]/g, (letter) => `&#${letter.codePointAt(0) ?? 0};`)
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, (letter) => `\\u${(letter.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`)
}

/** A document for machines within a page: it cannot end its own element. */
export function embeddedJson(id: string, document: unknown): Markup {
  const text = JSON.stringify(document).replaceAll(/[<>&\p{Cf}\u2028\u2029]/gu, (letter) => Array.from({ length: letter.length }, (_, n) => `\\u${letter.charCodeAt(n).toString(16).padStart(4, '0')}`).join(''))
  return new Markup(`<script type="application/json" id="${id}">${text}</script>`)
}
