/** A small generator of numbers that a seed determines: a case is the same wherever and whenever it is built. */
export interface Random {
  /** 0 … below - 1 */
  below(limit: number): number
  chance(share: number): boolean
  pick<T>(from: readonly T[]): T
  some<T>(from: readonly T[], share: number): T[]
  shuffle<T>(from: readonly T[]): T[]
}

/** mulberry32: 32 bits of state are plenty for a few thousand draws. */
export function seeded(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    below,
    chance: (share) => next() < share,
    pick(from) {
      const found = from[below(from.length)]
      if (found === undefined) throw new RangeError('nothing to pick from')
      return found
    },
    some: (from, share) => from.filter(() => next() < share),
    shuffle(from) {
      const left = [...from]
      return from.map(() => left.splice(below(left.length), 1)).flat()
    },
  }
}
