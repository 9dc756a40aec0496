import { startTelemetry, type TelemetryOptions } from '@vmobs/telemetry';
import { startTraffic } from '../traffic/traffic.ts';
import { startWebhookSink } from '../webhook-sink/webhook-sink.ts';
import { type LabConfig, labTelemetrySettings, version } from './config.ts';

/** Options of `startLab`. */
export interface LabOptions extends LabConfig, Pick<TelemetryOptions, 'logOutput'> {}

/** How often new failures of the traffic are told, so that a metald that is down is one line and not a flood. */
const failureReportMs = 10_000;

/**
 * Starts the lab: clients that use metald, and the sink where Alertmanager delivers. Notifications and failures of the
 * clients are log lines.
 *
 * @throws CommandError when the port cannot be had.
 */
export async function startLab({ logOutput, ...config }: LabOptions) {
  const telemetry = await startTelemetry({
    name: 'lab',
    version,
    settings: labTelemetrySettings(config),
    ...(logOutput && { logOutput }),
  });
  const { logger } = telemetry;
  const sink = await startWebhookSink({
    host: config.address,
    port: config.port,
    onNotification: ({ status, groupLabels, alerts }) =>
      logger.info(
        { status, group: groupLabels, alerts: alerts.map(({ annotations }) => annotations['summary'] ?? '') },
        'alert notification',
      ),
  }).catch(async (error: unknown) => {
    await telemetry.close();
    throw error;
  });
  const traffic = startTraffic({ metaldUrl: config.metald, ...config });

  let told = 0;
  const report = setInterval(() => {
    const { count, last } = traffic.failures;
    if (count > told) logger.warn({ failures: count - told, last }, 'clients could not finish the life of a VM');
    told = count;
  }, failureReportMs);
  logger.info({ url: sink.url, metald: config.metald, clients: config.clients, version }, 'lab is ready');

  return {
    url: sink.url,
    logger,
    /** Ends traffic, sink and logs, in that order. */
    async close() {
      clearInterval(report);
      await traffic.stop();
      await sink.close();
      await telemetry.close();
    },
  };
}
