import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startWebhookSink, type WebhookSink } from './webhook-sink.ts';

let sink: WebhookSink;
const heard: string[] = [];

beforeEach(async () => {
  heard.length = 0;
  sink = await startWebhookSink({ port: 0, onNotification: ({ status }) => heard.push(status) });
});
afterEach(() => sink.close());

const notification = {
  version: '4',
  receiver: 'lab',
  status: 'firing',
  groupKey: '{}:{alertname="ServiceDown"}',
  groupLabels: { alertname: 'ServiceDown' },
  alerts: [
    {
      status: 'firing',
      labels: { alertname: 'ServiceDown', job: 'metald' },
      annotations: { summary: 'metald is down' },
      startsAt: '2026-01-01T00:00:00Z',
      endsAt: '0001-01-01T00:00:00Z',
      fingerprint: 'f00',
    },
  ],
};

const post = (path: string, body: unknown) =>
  fetch(sink.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

test('what Alertmanager posts is kept, reported and listed', async () => {
  expect((await post('/alerts', notification)).status).toBe(204);
  expect((await post('/alerts', { ...notification, status: 'resolved' })).status).toBe(204);
  expect(heard).toEqual(['firing', 'resolved']);
  const listed = await (await fetch(`${sink.url}/alerts`)).json();
  expect(listed).toMatchObject({ notifications: [notification, { status: 'resolved' }], lastWatchdog: null });
});

test('the Watchdog is only remembered', async () => {
  await post('/watchdog', notification);
  expect(sink.lastWatchdog).toBeInstanceOf(Date);
  expect(sink.notifications).toEqual([]);
});

test('anything else is refused with what is missing', async () => {
  const response = await post('/alerts', { ...notification, alerts: undefined });
  expect(response.status).toBe(400);
  expect(await response.text()).toContain("must have required property 'alerts'");
});

test('only the newest thousand are kept', async () => {
  for (let count = 0; count < 1_005; count += 1) await post('/alerts', { ...notification, groupKey: String(count) });
  expect(sink.notifications).toHaveLength(1_000);
  expect(sink.notifications[0]?.groupKey).toBe('5');
});

test('a group that is too large is kept cut', async () => {
  const [alert] = notification.alerts;
  const alerts = Array.from({ length: 10_000 }, () => alert);
  expect((await post('/alerts', { ...notification, alerts })).status).toBe(204);
  const [kept] = sink.notifications;
  expect(kept?.alerts.length).toBeGreaterThan(100);
  expect((kept?.alerts.length ?? 0) + (kept?.alertsCut ?? 0)).toBe(10_000);
});

test.for([
  ['a long group key', { groupKey: 'x'.repeat(1_000_000) }],
  ['large group labels', { groupLabels: { alertname: 'x'.repeat(1_000_000) } }],
  ['a large alert', { alerts: [{ ...notification.alerts[0], annotations: { summary: 'x'.repeat(1_000_000) } }] }],
  ['fields that nobody knows', { unknown: 'x'.repeat(1_000_000) }],
] as const)('notifications with %s take little memory', async ([, large]) => {
  for (let count = 0; count < 20; count += 1) {
    expect((await post('/alerts', { ...notification, ...large })).status).toBe(204);
  }
  expect(sink.notifications).toHaveLength(20);
  expect(JSON.stringify(sink.notifications).length).toBeLessThan(20 * 70_000);
});

test('notifications are kept up to a size together', async () => {
  const annotations = { summary: 'x'.repeat(60_000) };
  const large = { ...notification, alerts: [{ ...notification.alerts[0], annotations }] };
  for (let count = 0; count < 200; count += 1) await post('/alerts', { ...large, groupKey: String(count) });
  expect(sink.notifications.at(-1)?.groupKey).toBe('199');
  expect(JSON.stringify(sink.notifications).length).toBeLessThan(8.5 * 1024 ** 2);
});

test('notifications are counted on the metrics page', async () => {
  await post('/alerts', notification);
  await post('/watchdog', notification);
  const response = await fetch(`${sink.url}/metrics`);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
  const page = await response.text();
  expect(page).toContain('lab_alert_notifications_total{status="firing"} 1\n');
  expect(page).toContain('lab_alert_notifications_total{status="resolved"} 0\n');
});

test('a notification that is under way when the sink closes is taken, and half of one does not keep it open', async () => {
  const body = JSON.stringify(notification);
  const open = async () => {
    const { hostname, port } = new URL(sink.url);
    const socket = connect(Number(port), hostname).on('error', () => undefined);
    socket.write(
      `POST /alerts HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    await once(socket, 'connect');
    return socket;
  };
  const [whole, half] = [await open(), await open()];
  // Answered when the sink has read what came before.
  await fetch(`${sink.url}/health`);
  const closed = sink.close();
  whole.write(body);
  half.write('{');
  expect(await text(whole)).toContain(' 204 ');
  await closed;
  expect(heard).toEqual(['firing']);
});
