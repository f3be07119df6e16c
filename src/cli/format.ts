/** Numbers for people. JSON documents carry the plain ones. */

export function formatCount(count: number): string {
  return Math.round(count).toString().replaceAll(/\B(?=(?:\d{3})+$)/g, ',')
}

/** `1,234 rows`, `1 row`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : plural}`
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let amount = bytes
  let unit = 0
  while (amount >= 1023.95 && unit < units.length - 1) {
    amount /= 1024
    unit += 1
  }
  return `${unit === 0 ? String(Math.round(amount)) : amount.toFixed(1)} ${units[unit] ?? 'B'}`
}

/** A word of a shell as it must be typed. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`
}
