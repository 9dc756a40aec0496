import { type Attributes, context, propagation, type TextMapPropagator, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions';

/*
 * The only file that imports the OpenTelemetry SDK. The rest of the library, and every service, uses its API alone.
 */

/** Options of `startTracing`. */
export interface TracingOptions {
  /** Whether spans are recorded and exported. Context is propagated either way. */
  readonly enabled: boolean;
  /** URL of the collector; `/v1/traces` is added unless it is there. */
  readonly endpoint: string;
  readonly serviceName: string;
  readonly serviceVersion: string;
  /** Share of new traces that are recorded, 0 to 1. */
  readonly samplingRate: number;
  /** More attributes of the resource that every span belongs to; `OTEL_RESOURCE_ATTRIBUTES` adds to them. */
  readonly resourceAttributes?: Attributes;
}

/** What the owner of tracing closes. */
export interface Tracing {
  /**
   * Exports what is recorded and stops. It takes at most `timeoutMs` and never throws.
   *
   * @returns the reason when spans may have been lost, otherwise `undefined`.
   */
  close(timeoutMs: number): Promise<string | undefined>;
}

/**
 * Registers W3C trace context and baggage propagation, then, if enabled, the SDK with an OTLP/HTTP exporter and a
 * `ParentBased(TraceIdRatio)` sampler. The SDK is loaded only then: it takes 0.3 s and 28 MB.
 *
 * Registration is OpenTelemetry's own, one for the process: a second call keeps what the first one registered.
 */
export async function startTracing(options: TracingOptions): Promise<Tracing> {
  const contextManager = new AsyncLocalStorageContextManager().enable();
  const ownsContext = context.setGlobalContextManager(contextManager);
  const ownsPropagation = propagation.setGlobalPropagator(w3cPropagator());
  const sdk = options.enabled ? await startSdk(options) : undefined;

  return {
    async close(timeoutMs) {
      const loss = sdk === undefined ? undefined : await settleWithin(sdk.shutdown(), timeoutMs);
      if (sdk !== undefined) trace.disable();
      if (ownsPropagation) propagation.disable();
      if (ownsContext) context.disable();
      return loss;
    },
  };
}

function w3cPropagator(): TextMapPropagator {
  return new CompositePropagator({ propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()] });
}

async function startSdk(options: TracingOptions): Promise<{ shutdown(): Promise<void> }> {
  const [{ NodeSDK }, { OTLPTraceExporter }, { ParentBasedSampler, TraceIdRatioBasedSampler }, resources] =
    await Promise.all([
      import('@opentelemetry/sdk-node'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/resources'),
    ]);
  const { defaultResource, detectResources, resourceFromAttributes } = resources;
  // The later wins. The detector of the process is left out: it would export the command line.
  const resource = defaultResource()
    .merge(detectResources({ detectors: [resources.hostDetector, resources.serviceInstanceIdDetector] }))
    .merge(resourceFromAttributes(options.resourceAttributes ?? {}))
    .merge(detectResources({ detectors: [resources.envDetector] }))
    .merge(
      resourceFromAttributes({
        [ATTR_SERVICE_NAME]: options.serviceName,
        [ATTR_SERVICE_VERSION]: options.serviceVersion,
      }),
    );
  const sdk = new NodeSDK({
    resource,
    autoDetectResources: false,
    traceExporter: new OTLPTraceExporter({ url: tracesUrl(options.endpoint) }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(options.samplingRate) }),
    // Context and propagation are registered above; without these two the SDK would also push metrics and logs.
    textMapPropagator: null,
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();
  return sdk;
}

/** The address for traces: the guide gives `host:port`, the OpenTelemetry variables give a base URL. */
export function tracesUrl(endpoint: string): string {
  const url = new URL(endpoint);
  if (!url.pathname.endsWith('/v1/traces')) url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`;
  return url.href;
}

/** Waits for a promise, but no longer than this, and tells why it did not fulfil. */
async function settleWithin(work: Promise<void>, timeoutMs: number): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<string>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, `the collector did not answer within ${timeoutMs} ms`);
  });
  const outcome = work.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  const reason = await Promise.race([outcome, timeout]);
  clearTimeout(timer);
  return reason;
}
