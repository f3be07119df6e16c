import type { TerminalOutput } from './host.js'
import { widthOf } from './style.js'

/**
 * The lines at the bottom of a terminal that are drawn again and again. Everything else that goes to the same terminal while
 * they stand (log lines, questions) goes through `print`, or it would be drawn over. On no terminal `draw` does nothing.
 */
export class StatusArea {
  #shown: readonly string[] = []
  #isHeld = false

  constructor(private readonly output: TerminalOutput) {}

  draw(lines: readonly string[]): void {
    if (!this.output.isTTY || this.#isHeld || same(lines, this.#shown)) return
    const erase = this.#erasure()
    this.#shown = lines
    this.output.write(erase + block(lines))
  }

  print(text: string): void {
    const shown = this.#shown
    this.output.write(this.#erasure() + text + block(shown))
    this.#shown = shown
  }

  /** Takes the lines away while somebody is asked something. */
  hold(): Disposable {
    this.clear()
    this.#isHeld = true
    return { [Symbol.dispose]: () => void (this.#isHeld = false) }
  }

  clear(): void {
    if (this.#shown.length > 0) this.output.write(this.#erasure())
    this.#shown = []
  }

  /** Lines may have been wrapped since by a narrower window: count what they take now. */
  #erasure(): string {
    const columns = Math.max(1, this.output.columns ?? 80)
    const height = this.#shown.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0)
    return height === 0 ? '' : `\u001b[${height}A\r\u001b[J`
  }
}

function block(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, index) => line === b[index])
}

