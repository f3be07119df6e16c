import { programVersion } from '../config/program-version.js'
import type { MoveDocument } from '../domain/documents.js'
import { keepMetricsFile } from '../observability/metrics-file.js'
import { MoveMetrics } from '../observability/metrics.js'
import { toAll } from '../observability/progress.js'
import type { Progress } from '../observability/progress.js'
import { serveMetrics } from '../observability/serve-metrics.js'
import { openSpans, wantsSpans } from '../observability/spans.js'
import { AsyncDisposableStack } from '../postgres/disposable-stack.js'
import type { Host } from './host.js'
import { drivesMove } from './invocation.js'
import type { CommandName, GlobalOptions } from './invocation.js'

/** Who looks at a command from outside: metrics and spans. Disposed when the command has ended; then they are written for the last time. */
export interface Telemetry extends AsyncDisposable {
  readonly progress: Progress
  ended(exitCode: number, move: MoveDocument | null): void
}

interface TelemetryOptions {
  readonly command: CommandName
  readonly options: Pick<GlobalOptions, 'metricsPort' | 'metricsFile'>
  readonly host: Pick<Host, 'env' | 'clock'>
  readonly say: (line: string) => void
}

/** Throws OM1009 where metrics cannot be published; what fails later is said, and ends no move. */
export async function openTelemetry({ command, options, host, say }: TelemetryOptions): Promise<Telemetry> {
  const { metricsPort, metricsFile } = options
  const what = { command, version: programVersion() }
  const stack = new AsyncDisposableStack()
  const metrics = metricsPort === null && metricsFile === null ? null : new MoveMetrics({ ...what, nowMs: () => host.clock.now() })
  if (metrics !== null && metricsPort !== null) {
    const server = stack.use(await serveMetrics(metrics, metricsPort))
    say(`metrics are at http://${server.host.includes(':') ? `[${server.host}]` : server.host}:${server.port}/metrics`)
  }
  const file = metrics === null || metricsFile === null ? null : stack.use(await keepMetricsFile(metrics, metricsFile))
  const spans = drivesMove(command) && wantsSpans(host.env) ? stack.use(await openSpans(host.env, what)) : null
  const all = [metrics, spans].filter((one) => one !== null)
  return {
    progress: toAll(all.map((one) => one.progress)),
    ended: (exitCode, move) => all.forEach((one) => one.ended(exitCode, move)),
    async [Symbol.asyncDispose]() {
      await stack[Symbol.asyncDispose]()
      if (file?.failure != null) say(`metrics could not be written to ${metricsFile ?? ''} (${file.failure})`)
      if (spans?.failure != null) say(`spans were not taken by the collector (${spans.failure})`)
    },
  }
}
