import { type CommandTelemetryOptions, startCommandTelemetry } from '../command/start-command-telemetry.ts';
import type { Telemetry } from '../start-telemetry.ts';
import { readTelemetrySettings, type TelemetrySettings } from '../telemetry-settings.ts';

/** Options of `startTestTelemetry`. */
export interface TestTelemetryOptions extends Pick<CommandTelemetryOptions, 'wrapMetrics'> {
  /** Settings that differ from the defaults. @default a free metrics port, and no collector */
  readonly settings?: Partial<TelemetrySettings>;
}

/** Telemetry for a test. */
export interface TestTelemetry {
  /** The caller closes it, or the service that it listens with. */
  readonly telemetry: Telemetry;
  /** The log lines that it has written so far. */
  readonly lines: Record<string, unknown>[];
}

/**
 * Starts telemetry with a free metrics port and without a collector, whatever the environment says, and keeps its log lines.
 *
 * @example
 * ```ts
 * import { startTestTelemetry } from '@vmobs/telemetry/testing';
 *
 * const test = await startTestTelemetry({ settings: { logLevel: 'debug' } });
 * test.telemetry.logger.debug('started');
 * console.assert(test.lines[0]?.['msg'] === 'started');
 * await test.telemetry.close();
 * ```
 */
export async function startTestTelemetry(options: TestTelemetryOptions = {}): Promise<TestTelemetry> {
  const defaults = readTelemetrySettings({ name: 'shop', version: '1.2.3', metricsPort: 0 }, { env: {} });
  const lines: Record<string, unknown>[] = [];
  const telemetry = await startCommandTelemetry({
    ...options,
    env: {},
    settings: { ...defaults, ...options.settings },
    logOutput: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  return { telemetry, lines };
}
