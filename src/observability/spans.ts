import type * as OpenTelemetry from '@opentelemetry/api'
import type { Context, Span, Tracer } from '@opentelemetry/api'
import type { MoveDocument } from '../domain/documents.js'
import type { Progress, ProgressEvent } from './progress.js'

/** Long enough for a collector that answers; one that does not must not keep an operator waiting. */
const FLUSH_MS = 3_000

export interface MoveSpans extends AsyncDisposable {
  readonly progress: Progress
  ended(exitCode: number, move: MoveDocument | null): void
  /** Why spans were not taken by the collector, once disposed. */
  readonly failure: string | null
}

type Environment = Readonly<Record<string, string | undefined>>

/** Whether OpenTelemetry's standard variables ask for spans. */
export function wantsSpans(env: Environment): boolean {
  if (env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none') return false
  return [env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'], env['OTEL_EXPORTER_OTLP_ENDPOINT']].some((endpoint) => endpoint !== undefined && endpoint !== '')
}

/**
 * One span for the command, below it one for each phase, below these one for each table of the copy; sent by OTLP over HTTP as OpenTelemetry's
 * variables say (endpoint, headers, service name, resource attributes). `TRACEPARENT` (W3C) makes it a part of a caller's trace. Attributes are
 * names and numbers; of an error the code alone.
 */
export async function openSpans(env: Environment, { command, version }: { readonly command: string; readonly version: string }): Promise<MoveSpans> {
  // loaded only where they are wanted: they take a quarter of a second
  const [api, { BasicTracerProvider, BatchSpanProcessor }, { OTLPTraceExporter }, { defaultResource, detectResources, envDetector, resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ])
  const resource = defaultResource()
    .merge(resourceFromAttributes({ 'service.name': 'org-mover', 'service.version': version }))
    .merge(detectResources({ detectors: [envDetector] }))
  const provider = new BasicTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())] })
  const tree = new SpanTree(api, provider.getTracer('org-mover', version), command, parentOf(api, env['TRACEPARENT']))
  let failure: string | null = null
  return {
    progress: tree.progress,
    ended: (exitCode, move) => tree.ended(exitCode, move),
    get failure() {
      return failure
    },
    async [Symbol.asyncDispose]() {
      const late = new Promise<string>((resolve) => setTimeout(() => resolve('no answer'), FLUSH_MS).unref())
      failure = await Promise.race([provider.forceFlush().then(() => null, (error: unknown) => (error instanceof Error ? error.name : 'unknown')), late])
      void provider.shutdown().catch(() => undefined)
    },
  }
}

type Api = Pick<typeof OpenTelemetry, 'ROOT_CONTEXT' | 'SpanStatusCode' | 'trace'>

class SpanTree {
  readonly #api: Api
  readonly #tracer: Tracer
  readonly #root: Span
  readonly #within: Context
  #phase: { readonly name: string; readonly span: Span; readonly within: Context } | null = null
  readonly #tables = new Map<string, Span>()

  constructor(api: Api, tracer: Tracer, command: string, parent: Context) {
    this.#api = api
    this.#tracer = tracer
    this.#root = tracer.startSpan(`org-mover ${command}`, {}, parent)
    this.#within = api.trace.setSpan(parent, this.#root)
  }

  readonly progress = (event: ProgressEvent): void => {
    switch (event.kind) {
      case 'move':
        return void this.#root.setAttributes({ 'org_mover.move_id': event.moveId, 'org_mover.org': event.org, 'org_mover.source': event.source, 'org_mover.target': event.target })
      case 'phase':
        return event.state === 'started' ? this.#startPhase(event.phase) : this.#endPhase(true)
      case 'table':
        return event.state === 'started' ? this.#startTable(event.table) : this.#endTable(event.table, event.rows)
      case 'waiting':
        return event.reason === null ? undefined : void (this.#phase?.span ?? this.#root).addEvent('waiting', { reason: event.reason })
      default:
    }
  }

  ended(exitCode: number, move: MoveDocument | null): void {
    this.#endPhase(exitCode === 0)
    this.#root.setAttributes({ 'org_mover.exit_code': exitCode, ...(move?.state == null ? {} : { 'org_mover.state': move.state }), ...(move?.error == null ? {} : { 'org_mover.error': move.error.code }) })
    if (exitCode !== 0) this.#root.setStatus({ code: this.#api.SpanStatusCode.ERROR })
    this.#root.end()
  }

  #startPhase(name: string): void {
    // told twice where a command goes on with a phase
    if (this.#phase?.name === name) return
    this.#endPhase(true)
    const span = this.#tracer.startSpan(name, {}, this.#within)
    this.#phase = { name, span, within: this.#api.trace.setSpan(this.#within, span) }
  }

  /** What has not said that it is done was under way when something failed. */
  #endPhase(isDone: boolean): void {
    for (const table of this.#tables.keys()) this.#endTable(table, null)
    if (!isDone) this.#phase?.span.setStatus({ code: this.#api.SpanStatusCode.ERROR })
    this.#phase?.span.end()
    this.#phase = null
  }

  #startTable(table: string): void {
    if (!this.#tables.has(table)) this.#tables.set(table, this.#tracer.startSpan(table, {}, this.#phase?.within ?? this.#within))
  }

  #endTable(table: string, rows: number | null): void {
    if (rows !== null) this.#tables.get(table)?.setAttribute('org_mover.rows', rows)
    this.#tables.get(table)?.end()
    this.#tables.delete(table)
  }
}

/** https://www.w3.org/TR/trace-context/#traceparent-header, which pipelines pass on in the environment. */
function parentOf({ ROOT_CONTEXT, trace }: Api, traceparent: string | undefined): Context {
  const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent ?? '') ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return ROOT_CONTEXT
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true })
}
