import { CommandError } from '@vmobs/settings';
import type { Catalogue } from '@vmobs/telemetry';
import { createCatalogue, createMetricsHandler } from '@vmobs/telemetry/exposition';
import { refuseForeignHosts } from '@vmobs/telemetry/fastify';
import Fastify from 'fastify';
import { defineLabMetrics, type LabMetrics } from '../metrics.ts';
import { type Alert, type Notification, notificationSchema } from './notification.ts';

/** Notifications that are kept, and their size as JSON in bytes; older ones are forgotten. */
const capacity = 1_000;
const capacityBytes = 8 * 1024 ** 2;

/** Size of one notification that is kept whole, in bytes. Of a larger one, the first alerts are kept. */
const largestKeptBytes = 64 * 1024;

/** Maximum size of a notification that is read, in bytes: some ten thousand alerts. */
const largestReadBytes = 16 * 1024 ** 2;

/** How long notifications that are under way may take when the sink closes, in milliseconds. */
const closeTimeoutMs = 1_000;

/** A notification and when it came. */
export interface ReceivedNotification extends Notification {
  /** ISO 8601. */
  readonly receivedAt: string;
  /** Number of alerts that are not kept, if the notification was too large. */
  readonly alertsCut?: number;
}

/** Options of `startWebhookSink`. */
export interface WebhookSinkOptions {
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** 0 takes a free one. @default 8090 */
  readonly port?: number;
  /** More names of this host. @default none */
  readonly allowedHosts?: readonly string[];
  /** Called for each notification that is not the Watchdog's. */
  readonly onNotification?: (notification: ReceivedNotification) => void;
  /** Called with the error when a part of the metrics page is left out. @default none */
  readonly onError?: (error: Error) => void;
}

/** Where Alertmanager delivers in the lab: what came can be looked at. */
export interface WebhookSink {
  readonly url: string;
  /** What came, the oldest first. */
  readonly notifications: readonly ReceivedNotification[];
  /** When the Watchdog was last heard of. */
  readonly lastWatchdog: Date | undefined;
  /** What is on `/metrics`. */
  readonly catalogue: Catalogue;
  readonly metrics: LabMetrics;
  close(): Promise<void>;
}

/**
 * Starts the sink: `POST /alerts` takes a notification, `GET /alerts` lists them, `POST /watchdog` takes the Watchdog's,
 * `GET /health` says that it is alive, `GET /metrics` has the metrics of the lab.
 *
 * @throws CommandError when the port cannot be had.
 */
export async function startWebhookSink(options: WebhookSinkOptions = {}): Promise<WebhookSink> {
  const { host = '127.0.0.1', port = 8090, onNotification = () => undefined, onError = () => undefined } = options;
  const notifications: ReceivedNotification[] = [];
  const sizes: number[] = [];
  let keptBytes = 0;
  let lastWatchdog: Date | undefined;
  const catalogue = createCatalogue();
  const metrics = defineLabMetrics(catalogue);
  const answerMetrics = createMetricsHandler({ sources: catalogue.sources, onError });
  const app = Fastify({ bodyLimit: largestReadBytes, requestTimeout: 10_000 });
  refuseForeignHosts(app, options.allowedHosts ?? []);

  function keep(notification: ReceivedNotification): void {
    const size = sizeOf(notification);
    notifications.push(notification);
    sizes.push(size);
    keptBytes += size;
    while (notifications.length > capacity || keptBytes > capacityBytes) {
      notifications.shift();
      keptBytes -= sizes.shift() ?? 0;
    }
  }

  app.post<{ Body: Notification }>('/alerts', { schema: { body: notificationSchema } }, (request, reply) => {
    const received = cut({ ...request.body, receivedAt: new Date().toISOString() });
    keep(received);
    metrics.countNotification(received.status);
    onNotification(received);
    return reply.code(204).send();
  });
  app.post('/watchdog', { schema: { body: notificationSchema } }, (_request, reply) => {
    lastWatchdog = new Date();
    return reply.code(204).send();
  });
  app.get('/alerts', () => ({ notifications, lastWatchdog: lastWatchdog?.toISOString() ?? null }));
  app.get('/metrics', (request, reply) => {
    reply.hijack();
    return answerMetrics(request.raw, reply.raw);
  });
  app.get('/health', () => ({ status: 'ok', service: 'lab' }));

  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw new CommandError(`the webhook sink cannot listen on ${host}:${port}: ${String(error)}`, { cause: error });
  }
  const address = app.server.address();
  return {
    url: `http://${host}:${address !== null && typeof address === 'object' ? address.port : port}`,
    notifications,
    catalogue,
    metrics,
    get lastWatchdog() {
      return lastWatchdog;
    },
    async close() {
      // Half a request, or a connection that has sent nothing, must not keep it open.
      const deadline = setTimeout(() => app.server.closeAllConnections(), closeTimeoutMs);
      await app.close();
      clearTimeout(deadline);
    },
  };
}

function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** Keeps as many alerts as fit. Refusing a notification would make Alertmanager send it again for ever. */
function cut(notification: ReceivedNotification): ReceivedNotification {
  const { version, receiver, status, groupKey, groupLabels, receivedAt, alerts } = notification;
  const all = { version, receiver, status, groupKey, groupLabels, alerts, receivedAt };
  if (sizeOf(all) <= largestKeptBytes) return all;
  const kept: Alert[] = [];
  // A group may be as large as its alerts.
  const head = { ...all, receiver: receiver.slice(0, 256), groupKey: groupKey.slice(0, 4_096), groupLabels: {} };
  let room = largestKeptBytes - sizeOf({ ...head, alerts: [] });
  for (const alert of alerts) {
    room -= sizeOf(alert) + 1;
    if (room < 0) break;
    kept.push(alert);
  }
  return { ...head, alerts: kept, alertsCut: alerts.length - kept.length };
}
