/** What a codec yields at once or later. Most do at once: to wait for each would cost as much as the encryption itself. */
export type Maybe<T> = T | Promise<T>

/** Goes on with a value as soon as it is there. */
export function chain<T, U>(value: Maybe<T>, step: (value: T) => Maybe<U>): Maybe<U> {
  return value instanceof Promise ? value.then(step) : step(value)
}

/** One after the other; at once where each yields at once. */
export function chainAll<T, U>(items: readonly T[], step: (item: T) => Maybe<U>): Maybe<U[]> {
  const done: U[] = []
  const from = (start: number): Maybe<U[]> => {
    for (let at = start; at < items.length; at += 1) {
      const made = step(items[at] as T)
      if (made instanceof Promise) {
        return made.then((value) => {
          done.push(value)
          return from(at + 1)
        })
      }
      done.push(made)
    }
    return done
  }
  return from(0)
}
