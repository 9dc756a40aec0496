import { startTelemetry, type TelemetryOptions } from '@vmobs/telemetry';
import { findLogPlaces } from '../logs/config.ts';
import { watchLogs } from '../logs/watch-logs.ts';
import { startTraffic } from '../traffic/traffic.ts';
import { startWebhookSink } from '../webhook-sink/webhook-sink.ts';
import { type LabConfig, labTelemetrySettings, version } from './config.ts';

/** Options of `startLab`. */
export interface LabOptions extends LabConfig, Pick<TelemetryOptions, 'logOutput'> {}

/** Interval of log lines about failures of the traffic, so that an outage of metald does not flood the log. */
const failureReportMs = 10_000;

/**
 * Starts the lab: clients that use metald, the sink where Alertmanager delivers, and the comparison of the log store with the
 * log files. Notifications, failures of the clients and missing lines are log lines.
 *
 * @throws CommandError when the port cannot be had, or the address of the log store is none.
 */
export async function startLab({ logOutput, ...config }: LabOptions) {
  const logPlaces = config.logFiles.length > 0 ? await findLogPlaces(config) : undefined;
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
    allowedHosts: config.allowedHosts,
    onNotification: ({ status, groupLabels, alerts }) =>
      logger.info(
        { status, group: groupLabels, alerts: alerts.map(({ annotations }) => annotations['summary'] ?? '') },
        'alert notification',
      ),
    onError: (err) => logger.error({ err }, 'a metric of the lab is left out'),
  }).catch(async (error: unknown) => {
    await telemetry.close();
    throw error;
  });
  const watch =
    logPlaces &&
    watchLogs({
      ...logPlaces,
      metrics: sink.metrics,
      report: (severity, fields, message) => logger[severity](fields, message),
    });
  const traffic = startTraffic({ metaldUrl: config.metald, ...config });

  let reported = 0;
  const report = setInterval(() => {
    const { count, last } = traffic.failures;
    if (count > reported)
      logger.warn({ failures: count - reported, last }, 'clients could not finish the life cycle of a VM');
    reported = count;
  }, failureReportMs);
  logger.info({ url: sink.url, metald: config.metald, clients: config.clients, version }, 'lab is ready');

  return {
    url: sink.url,
    logger,
    /** Ends traffic, comparisons, sink and logs, in that order. */
    async close() {
      clearInterval(report);
      await traffic.stop();
      await watch?.close();
      await sink.close();
      await telemetry.close();
    },
  };
}
