import { readSettings } from '../config/settings.ts';
import { telemetrySettings } from '../config/telemetry-settings.ts';
import { startTelemetry, type Telemetry } from '../start-telemetry.ts';

/** Telemetry with a free metrics port and without a collector, and the log lines that it has written. */
export async function startTestTelemetry(): Promise<{ telemetry: Telemetry; lines: Record<string, unknown>[] }> {
  const service = { name: 'shop', version: '1.2.3' };
  const table = telemetrySettings({ ...service, metricsPort: 0 });
  const lines: Record<string, unknown>[] = [];
  const telemetry = await startTelemetry({
    ...service,
    settings: readSettings(table, { env: {}, prefixes: [] }),
    logOutput: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  return { telemetry, lines };
}
