import { OutsideService } from './service.js'
import type { Request } from './service.js'

interface StoredRoute {
  cell: string
  epoch: number | null
}

/** A router of an operator's own, with the routes in memory. */
export interface RouteService extends AsyncDisposable {
  readonly service: OutsideService
  readonly routes: Map<string, StoredRoute>
  /** What a commit does instead of what it should. */
  commit: 'does' | 'lies' | 'raises by two' | 'waits'
  /** Lets commits that wait go on, and tells how they ended. */
  readonly release: () => Promise<readonly boolean[]>
}

export async function routeService(routes: Readonly<Record<string, StoredRoute>>): Promise<RouteService> {
  const all = new Map(Object.entries(routes).map(([org, route]) => [org, { ...route }]))
  const waiting: (() => boolean)[] = []
  const service = await OutsideService.start((request) => work(request))
  const served: RouteService = {
    service,
    routes: all,
    commit: 'does',
    release: async () => waiting.splice(0).map((go) => go()),
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  }
  const fits = ({ body }: Request): boolean => {
    const route = all.get(String(body['org']))
    return route !== undefined && route.cell === body['from'] && route.epoch === body['epoch']
  }
  const flip = (request: Request): boolean => {
    if (!fits(request)) return false
    const epoch = request.body['epoch']
    all.set(String(request.body['org']), { cell: String(request.body['to']), epoch: typeof epoch === 'number' ? epoch + (served.commit === 'raises by two' ? 2 : 1) : null })
    return true
  }
  const work = (request: Request): Record<string, unknown> => {
    const org = String(request.body['org'])
    const route = all.get(org) ?? { cell: null, epoch: null }
    switch (request.verb) {
      case 'read':
        return { ...route }
      case 'set':
        all.set(org, { cell: String(request.body['to']), epoch: (route.epoch ?? 0) + 1 })
        return {}
      case 'prepare':
        return fits(request) ? { ...route } : { ok: false, message: 'another route' }
      case 'commit':
        if (served.commit === 'lies') return {}
        if (served.commit === 'waits') {
          waiting.push(() => flip(request))
          return {}
        }
        return flip(request) ? {} : { ok: false, message: 'another route' }
      default:
        return {}
    }
  }
  return served
}
