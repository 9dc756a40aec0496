import type { MetricsHandler } from '../http/metrics-handler.ts';
import { startWithSettings, type Telemetry, type TelemetryOptions, variableNamesOf } from '../start-telemetry.ts';
import type { TelemetrySettings } from '../telemetry-settings.ts';

/** Options of `startCommandTelemetry`. */
export interface CommandTelemetryOptions extends Pick<TelemetryOptions, 'resourceAttributes' | 'logOutput'> {
  /** The values of `telemetrySettings`, which the command has read together with its own settings. */
  readonly settings: TelemetrySettings;
  /** Prefixes of its environment variables, for the error when the metrics port cannot be opened. @default [] */
  readonly prefixes?: readonly string[];
  /** The environment, for lines about variables that cannot be used. @default that of the process */
  readonly env?: NodeJS.ProcessEnv;
  /** Wraps the handler of `/metrics`, for a command that can delay or refuse a scrape. */
  readonly wrapMetrics?: (handler: MetricsHandler) => MetricsHandler;
}

/**
 * Starts the telemetry of a program that has read its settings from its command line and its environment.
 *
 * @example
 * ```ts
 * import { readTelemetrySettings } from '@vmobs/telemetry';
 * import { startCommandTelemetry } from '@vmobs/telemetry/command';
 *
 * const settings = readTelemetrySettings({ name: 'shop', version: '1.0.0', metricsPort: 0 });
 * const own = await startCommandTelemetry({ settings, prefixes: ['SHOP'] });
 * await own.close();
 * ```
 *
 * @throws ListenError when the metrics port cannot be opened.
 * @throws LogFileError when the log file cannot be opened.
 */
export function startCommandTelemetry(options: CommandTelemetryOptions): Promise<Telemetry> {
  const { prefixes = [], env = process.env } = options;
  return startWithSettings({
    ...options,
    environment: { env, prefixes },
    metricsPortSetting: [...variableNamesOf('_OTEL_PROMETHEUS_PORT', prefixes), '--metrics-port'].join(' or '),
    metricsHostSetting: [...variableNamesOf('_OTEL_PROMETHEUS_INTERFACE', prefixes), '--metrics-interface'].join(
      ' or ',
    ),
  });
}
