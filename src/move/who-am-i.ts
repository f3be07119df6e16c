import { hostname, userInfo } from 'node:os'

/** Who drives, for the journal and for the next operator. */
export function whoAmI(): string {
  return `${userInfo().username}@${hostname()}`
}
