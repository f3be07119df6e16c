/** Every k-th statement is disturbed; 0, which is the default, takes a selection. */
export const STEP = Number(process.env['ORG_MOVER_TEST_FAULT_STEP'] ?? 0)
export const AT_ONCE = STEP > 0 ? 4 : 3
/** For a test that tries them all. */
export const PATIENCE = STEP > 0 ? 4 * 3_600_000 : 120_000

/** Each `step`-th of them, and the one after the last. */
export function every(step: number, count: number): readonly number[] {
  return [...Array.from({ length: Math.floor((count - 1) / step) + 1 }, (_, n) => 1 + n * step), count + 1]
}

/** As many of them as `selected` says, others for each salt. */
export function spread(count: number, salt: number, selected: number): readonly number[] {
  return Array.from({ length: selected }, (_, n) => 1 + Math.floor(((n + ((salt * 7) % 12) / 12) / selected) * count))
}

/** Fails with all of them, some told in full. */
export function throwAll(failures: readonly unknown[]): void {
  if (failures.length > 0) throw new AggregateError(failures, failures.map((failure) => (failure instanceof Error ? failure.message : String(failure))).slice(0, 20).join('\n'))
}

/** How often what came out, for the counts that a suite prints. */
export class Tally {
  readonly #counts = new Map<string, number>()

  add(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1)
  }

  get lines(): string {
    return [...this.#counts].sort().map(([what, count]) => `  ${count} × ${what}\n`).join('')
  }
}
