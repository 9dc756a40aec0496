import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';

/** Asks a service for something that would take more memory than it may have. It settles when the service has answered or hung up. */
export type Attack = (url: string) => Promise<unknown>;

/** Sends one request; an answer of any status is enough, and so is a connection that is closed. */
function post(path: string, type: string, body: Buffer | string): Attack {
  return async (url) => {
    const sent = { method: 'POST', headers: { 'content-type': type }, body };
    const response = await fetch(url + path, sent).catch(() => undefined);
    await response?.arrayBuffer().catch(() => undefined);
  };
}

/** Bytes that repeat a field. */
const fields = (bytes: number, ...field: number[]) => Buffer.alloc(bytes, Buffer.from(field));

/** The envelope of a message in gRPC and gRPC-Web. */
function enveloped(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

const size = 1_000_000;
const unknownFields = fields(size, 0x7a, 0);
const unknownKeys = `{${Array.from({ length: 90_000 }, (_, index) => `"k${index}":1`).join()}}`;

/** Requests whose messages are small on the wire and large in memory, to a method of any message. */
function largeMessages(path: string): Attack[] {
  return [
    post(path, 'application/proto', unknownFields),
    post(path, 'application/json', unknownKeys),
    post(path, 'application/json', '['.repeat(800_000)),
    post(path, 'application/json', `{"x":${'{"x":'.repeat(100_000)}`),
    post(path, 'application/grpc-web+proto', enveloped(unknownFields)),
  ];
}

/** Sends bytes on connections of their own, and keeps these open without reading for a while. */
function hold(count: number, bytes: string): Attack {
  return async (url) => {
    const { hostname, port } = new URL(url);
    const sockets = Array.from({ length: count }, () => connect({ host: hostname, port: Number(port) }));
    for (const socket of sockets)
      socket
        .on('error', () => undefined)
        .pause()
        .write(bytes);
    await new Promise((resolve) => setTimeout(resolve, 200));
    for (const socket of sockets) socket.destroy();
  };
}

/** Opens streams of HTTP/2 whose answers may not be sent. */
function closedWindows(path: string): Attack {
  return async (url) => {
    const session = connectHttp2(url, { settings: { initialWindowSize: 0 } });
    session.on('error', () => undefined);
    for (let count = 0; count < 100; count += 1) session.request({ ':path': path }).on('error', () => undefined);
    await new Promise((resolve) => setTimeout(resolve, 200));
    session.destroy();
  };
}

const billing = (method: string) => `/billing.v1.BillingService/${method}`;
const vms = (method: string) => `/vmprovisioner.v1.VmService/${method}`;
const announced = (path: string, type: string) =>
  `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: ${type}\r\ncontent-length: 1048576\r\n\r\n`;

/** Attacks on billaged. */
export const billagedAttacks: readonly Attack[] = [
  ...['SendHeartbeat', 'NotifyVmStopped', 'SendMetricsBatch'].flatMap((method) => largeMessages(billing(method))),
  post(billing('SendMetricsBatch'), 'application/proto', fields(size, 0x1a, 0)),
  post(billing('SendMetricsBatch'), 'application/grpc-web+proto', enveloped(fields(440_000, 0x1a, 0))),
  post(billing('SendMetricsBatch'), 'application/json', `{"metrics":[${Array(145_000).fill('{}').join()}]}`),
  post(billing('SendHeartbeat'), 'application/proto', fields(size, 0x12, 0)),
  post(billing('SendHeartbeat'), 'application/proto', Buffer.alloc(20_000_000)),
  hold(64, announced(billing('SendMetricsBatch'), 'application/proto')),
  hold(64, announced(billing('SendMetricsBatch'), 'application/json')),
  hold(60, 'GET /v1/usage?page_size=10000 HTTP/1.1\r\nhost: localhost\r\n\r\n'),
  hold(2, 'GET /v1/usage?page_size=10000 HTTP/1.1\r\nhost: localhost\r\n\r\n'.repeat(200)),
  closedWindows('/v1/usage?page_size=10000'),
];

/** Attacks on metald. */
export const metaldAttacks: readonly Attack[] = [
  ...['ListVms', 'BootVm', 'CreateVm'].flatMap((method) => largeMessages(vms(method))),
  // Empty devices in the configuration of a VM.
  post(
    vms('CreateVm'),
    'application/proto',
    Buffer.concat([Buffer.from([0x12, 0x80, 0xf4, 3]), fields(64_000, 0x22, 0)]),
  ),
  post(vms('CreateVm'), 'application/proto', fields(size, 0x22, 0)),
  hold(64, announced(vms('CreateVm'), 'application/proto')),
  closedWindows('/health'),
];
