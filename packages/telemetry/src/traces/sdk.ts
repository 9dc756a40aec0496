import { type Attributes, context, propagation, type TextMapPropagator, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { ATTR_SERVICE_INSTANCE_ID, ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions';
import { messageOf } from '@vmobs/settings';
import { within } from '../deadlines/within.ts';
import type { Logger } from '../logs/logger.ts';
import type { Catalogue } from '../metrics/catalogue.ts';
import { createCollectorReport, watchCollectorRequests } from './collector.ts';
import {
  countExports,
  countQueue,
  defineSpanMetrics,
  lostSpans,
  openSpanAccounts,
  type SpanAccounts,
  settleSpanAccounts,
} from './span-accounting.ts';
import { serializeAnySpan } from './span-values.ts';
import type { SamplerName } from './trace-settings.ts';

/*
 * The only file that imports the OpenTelemetry SDK. The rest of the library, and every service, uses its API alone.
 */

/** Options of `startTracing`. */
export interface TracingOptions {
  /** Whether spans are recorded and exported. Context is propagated either way. */
  readonly enabled: boolean;
  /** Address that spans are posted to. */
  readonly tracesUrl: string;
  readonly serviceName: string;
  readonly serviceVersion: string;
  /** Value of `service.instance.id`, unless the resource attributes have one. */
  readonly instanceId: string;
  /** @default 'parentbased_traceidratio' */
  readonly sampler?: SamplerName;
  /** Share of new traces that a ratio sampler records, 0 to 1. */
  readonly samplingRate: number;
  /** More attributes of the resource that every span belongs to; `OTEL_RESOURCE_ATTRIBUTES` adds to them. */
  readonly resourceAttributes?: Attributes;
  /** Largest number of spans that wait for their export; more are lost. @default 2048 */
  readonly queueSize?: number;
  /** Largest number of spans in one export. @default 512, or the queue size if that is less */
  readonly batchSize?: number;
  /** How long a span waits for others to share its export, in milliseconds. @default 5000 */
  readonly batchDelayMs?: number;
  /** After how long the next export starts while one hangs, in milliseconds. @default 30_000 */
  readonly exportTimeoutMs?: number;
  /** Where the metrics of spans are defined. */
  readonly metrics: Catalogue;
  /** Gets a line when the collector stops accepting spans and one when it recovers. */
  readonly logger: Pick<Logger, 'warn' | 'info'>;
}

/** Spans that were lost, and why. */
export interface SpanLoss {
  readonly spans: number;
  readonly reason: string;
}

/** Tracing that was started; its owner closes it. */
export interface Tracing {
  /**
   * Exports the recorded spans and stops, within `timeoutMs`. It never throws.
   *
   * @returns the spans that were lost meanwhile, `undefined` when none were.
   */
  close(timeoutMs: number): Promise<SpanLoss | undefined>;
}

/**
 * Registers W3C trace context and baggage propagation and, if enabled, the SDK with an OTLP/HTTP exporter. The SDK is loaded only
 * then, because it takes 0.3 s and 28 MB. The metrics account for every span that ends.
 *
 * OpenTelemetry has one registration per process: a second call keeps what the first one registered.
 */
export async function startTracing(options: TracingOptions): Promise<Tracing> {
  const contextManager = new AsyncLocalStorageContextManager().enable();
  const ownsContext = context.setGlobalContextManager(contextManager);
  const ownsPropagation = propagation.setGlobalPropagator(w3cPropagator());
  const accounts = openSpanAccounts(options.enabled ? (options.queueSize ?? 2_048) : 0);
  defineSpanMetrics(options.metrics, accounts);
  const sdk = options.enabled ? await startSdk(options, accounts) : undefined;

  return {
    async close(timeoutMs) {
      const loss = await sdk?.close(timeoutMs);
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

async function startSdk(options: TracingOptions, accounts: SpanAccounts): Promise<Tracing> {
  const [{ NodeSDK }, { BatchSpanProcessor }, exporter, resource, sampler] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/sdk-trace'),
    createExporter(options),
    createResource(options),
    createSampler(options),
  ]);
  const { tracesUrl, logger, batchSize = 512, batchDelayMs = 5_000, exportTimeoutMs = 30_000 } = options;
  const watch = watchCollectorRequests(() => {
    accounts.retries += 1;
  });
  const report = createCollectorReport(logger, tracesUrl);
  const processor = new BatchSpanProcessor({
    exporter: countExports(exporter, { accounts, watch, report }),
    maxQueueSize: accounts.capacity,
    maxExportBatchSize: Math.min(batchSize, accounts.capacity),
    scheduledDelayMillis: batchDelayMs,
    exportTimeoutMillis: exportTimeoutMs,
  });
  const sdk = new NodeSDK({
    resource,
    autoDetectResources: false,
    spanProcessors: [countQueue(processor, accounts)],
    sampler,
    // Context and propagation are registered above. Without the two empty lists the SDK would also push metrics and logs.
    textMapPropagator: null,
    metricReaders: [],
    logRecordProcessors: [],
  });
  sdk.start();

  return {
    async close(timeoutMs) {
      const lostBefore = lostSpans(accounts);
      // The SDK stops at the first batch that fails; the others may still succeed.
      const finished = sdk.shutdown().finally(() => exporter.forceFlush());
      const reason = await failureWithin(finished, timeoutMs);
      settleSpanAccounts(accounts);
      // Open requests would only keep the process alive.
      watch.abandon();
      finished.then(watch.close, watch.close);
      const spans = lostSpans(accounts) - lostBefore;
      return spans === 0 ? undefined : { spans, reason: reason ?? 'the collector rejected them' };
    },
  };
}

/** Creates what `OTLPTraceExporter` of the SDK is, with a serializer that writes any number. */
async function createExporter({ tracesUrl: url }: TracingOptions) {
  const [{ OTLPExporterBase }, http, { JsonTraceSerializer, TraceExporterMetricsHelper }] = await Promise.all([
    import('@opentelemetry/otlp-exporter-base'),
    import('@opentelemetry/otlp-exporter-base/node-http'),
    import('@opentelemetry/otlp-transformer'),
  ]);
  const headers = { 'Content-Type': 'application/json' };
  const delegate = http.createOtlpHttpExportDelegate(
    http.convertLegacyHttpOptions({ url }, 'TRACES', 'v1/traces', headers),
    serializeAnySpan(JsonTraceSerializer),
    'otlp_http_span_exporter',
    TraceExporterMetricsHelper,
    undefined,
  );
  return new OTLPExporterBase(delegate);
}

async function createResource({ resourceAttributes = {}, serviceName, serviceVersion, instanceId }: TracingOptions) {
  const resources = await import('@opentelemetry/resources');
  const { defaultResource, detectResources, resourceFromAttributes } = resources;
  // Later ones take precedence. The process detector is left out, because it would export the command line.
  return defaultResource()
    .merge(detectResources({ detectors: [resources.hostDetector] }))
    .merge(resourceFromAttributes({ [ATTR_SERVICE_INSTANCE_ID]: instanceId }))
    .merge(resourceFromAttributes(resourceAttributes))
    .merge(detectResources({ detectors: [resources.envDetector] }))
    .merge(resourceFromAttributes({ [ATTR_SERVICE_NAME]: serviceName, [ATTR_SERVICE_VERSION]: serviceVersion }));
}

async function createSampler({ sampler = 'parentbased_traceidratio', samplingRate }: TracingOptions) {
  const sdk = await import('@opentelemetry/sdk-trace');
  const createRoot = {
    always_on: () => new sdk.AlwaysOnSampler(),
    always_off: () => new sdk.AlwaysOffSampler(),
    traceidratio: () => new sdk.TraceIdRatioBasedSampler(samplingRate),
  };
  switch (sampler) {
    case 'parentbased_always_on':
      return new sdk.ParentBasedSampler({ root: createRoot.always_on() });
    case 'parentbased_always_off':
      return new sdk.ParentBasedSampler({ root: createRoot.always_off() });
    case 'parentbased_traceidratio':
      return new sdk.ParentBasedSampler({ root: createRoot.traceidratio() });
    default:
      return createRoot[sampler]();
  }
}

/** Why a promise did not fulfil within `timeoutMs`; `undefined` if it did. */
async function failureWithin(work: Promise<void>, timeoutMs: number): Promise<string | undefined> {
  const failure = work.then(() => undefined, messageOf);
  return within(failure, timeoutMs, () => `the collector did not answer within ${timeoutMs} ms`);
}
