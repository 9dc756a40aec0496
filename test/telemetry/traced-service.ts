import { readSettings } from '@vmobs/settings';
import { startTelemetry, type Telemetry } from '@vmobs/telemetry';
import { telemetrySettings } from '@vmobs/telemetry/command';
import { type LogLine, readMetric, scrape } from '@vmobs/testing';
import { onTestFinished, vi } from 'vitest';

/** Where the spans of a service are, read from its metrics. */
export interface SpanAccount {
  readonly queued: number;
  readonly inFlight: number;
  readonly exported: number;
  readonly retries: number;
  /** Lost spans by reason, without the reasons for which none was. */
  readonly lost: Readonly<Record<string, number>>;
}

/** A service that does nothing but end spans. */
export interface TracedService {
  readonly telemetry: Telemetry;
  /** Starts and ends so many spans in one turn of the event loop. */
  endSpans(count: number): void;
  /** Reads what became of the spans from `/metrics`. */
  account(): Promise<SpanAccount>;
  /** The lines of its log that are about spans or the collector. */
  lines(): LogLine[];
}

/** Variables with which an export has half a second for everything, which leaves no time for a retry. */
export const withoutRetry = { OTEL_EXPORTER_OTLP_TIMEOUT: '500' };

/**
 * Starts telemetry for the length of one test. An export follows a span at once and, unless a test says otherwise, has
 * longer for everything than a slow machine takes for an answer.
 */
export async function startTracedService(env: Readonly<Record<string, string>>): Promise<TracedService> {
  const standard = { OTEL_EXPORTER_OTLP_TIMEOUT: '60000', OTEL_BSP_SCHEDULE_DELAY: '10', ...env };
  // The exporter of the SDK reads its own variables from the process.
  for (const [name, value] of Object.entries(standard)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  const log: LogLine[] = [];
  const settings = telemetrySettings({ name: 'shop', version: '1.0.0', metricsPort: 0 });
  const telemetry = await startTelemetry({
    name: 'shop',
    version: '1.0.0',
    settings: readSettings(settings, { env: { SHOP_OTEL_ENABLED: 'true', ...standard }, prefixes: ['SHOP'] }),
    logOutput: { write: (line) => void log.push(JSON.parse(line)) },
  });
  onTestFinished(() => telemetry.close());
  return {
    telemetry,
    endSpans(count) {
      for (let span = 0; span < count; span += 1) telemetry.tracer.startSpan('work').end();
    },
    async account() {
      const page = await scrape(telemetry.metricsUrl);
      const read = (name: string, labels?: Record<string, string>) => readMetric(page, `otel_sdk_${name}`, labels);
      const losses = ['processor_span_processed_total', 'exporter_span_exported_total'].flatMap((name) =>
        [...(page.get(`otel_sdk_${name.replace(/_total$/, '')}`)?.samples ?? [])].map(({ labels, value }) => {
          return [labels.get('error_type') ?? '', value] as const;
        }),
      );
      return {
        queued: read('processor_span_queue_size'),
        inFlight: read('exporter_span_inflight'),
        exported: read('exporter_span_exported_total', { error_type: '' }),
        retries: readMetric(page, 'otlp_exporter_retries_total'),
        lost: Object.fromEntries(losses.filter(([reason, value]) => reason !== '' && value > 0)),
      };
    },
    lines: () => log.filter(({ msg }) => /span|collector/.test(String(msg))),
  };
}
