/** A load below this part of a table hardly changes what the planner knows of it. */
const NOTABLE_PART = 20

/** Whether a load is so large a part of a table that its statistics should be gathered before the flip; `estimate` is null where there are none yet. */
export function isNotableLoad(rows: number, estimate: number | null): boolean {
  return rows > 0 && (estimate === null || rows * NOTABLE_PART >= estimate)
}
