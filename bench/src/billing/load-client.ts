import { connect, type Socket } from 'node:net';
import { createBatchBodies, samplesPerBatch } from './batch-bodies.ts';

/*
 * A process that sends batches as fast as they are answered, on raw sockets: for each batch it only copies and writes a body.
 * The parent sends one `LoadOrder` and receives `'measuring'` after the warm-up, then one `LoadResult`.
 */

/** The load, and where to send it. */
export interface LoadOrder {
  readonly port: number;
  readonly connections: number;
  /** Number of VMs; their batches alternate. */
  readonly vms: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Any value other than `application/proto` goes through the generic adapter. */
  readonly contentType: string;
}

/** The results after the warm-up. Latencies are in milliseconds. */
export interface LoadResult {
  readonly samples: number;
  readonly batches: number;
  /** Samples of all batches, including the warm-up. */
  readonly sentSamples: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Number of answers other than 200, by status. */
  readonly refused: Readonly<Record<string, number>>;
  /** CPU time of this process, in seconds. */
  readonly cpuSeconds: number;
}

/** Most minutes of each VM before they repeat: 30 MB. */
const mostBodies = 1_000;

/** More than any billaged on two cores has processed: 6 million samples/s. */
const mostBatchesPerSecond = 10_000;

process.once('message', (order: LoadOrder) => {
  run(order).then(
    (result) => process.send?.(result, () => process.exit(0)),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});

async function run(order: LoadOrder): Promise<LoadResult> {
  // Repeated batches would be duplicates, which take another code path.
  const batches = Math.max(1_000_000, mostBatchesPerSecond * (order.warmUpSeconds + order.seconds));
  const bodies = createBatchBodies(Math.min(mostBodies, Math.ceil(batches / order.vms)));
  let turn = 0;
  let measuring = false;
  let running = true;
  const latencies: number[] = [];
  const refused: Record<string, number> = {};

  function work(socket: Socket, isDone: () => void): void {
    const head = Buffer.from(
      `POST /billing.v1.BillingService/SendMetricsBatch HTTP/1.1\r\nhost: billaged\r\ncontent-type: ${order.contentType}\r\nconnect-protocol-version: 1\r\ncontent-length: `,
    );
    const room = Buffer.alloc(head.length + 16 + bodies.maxLength);
    head.copy(room);
    let sentAt = 0;
    let answer = '';

    function send(): void {
      const minute = Math.floor(turn / order.vms);
      const vm = turn % order.vms;
      turn += 1;
      // Lengths have five digits, so the position of the body is known before its length.
      const begin = head.length + 9;
      const length = bodies.write(room, begin, minute, vm);
      room.write(`${String(length).padStart(5, '0')}\r\n\r\n`, head.length, 'latin1');
      sentAt = performance.now();
      socket.write(room.subarray(0, begin + length));
    }

    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      const headEnd = answer.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const length = /content-length: (\d+)/i.exec(answer)?.[1];
      if (answer.length < headEnd + 4 + Number(length ?? 0)) return;
      if (measuring) latencies.push(performance.now() - sentAt);
      const status = answer.slice(9, 12);
      if (status !== '200') refused[status] = (refused[status] ?? 0) + 1;
      answer = '';
      if (running) send();
      else {
        socket.end();
        isDone();
      }
    });
    send();
  }

  const sockets = await Promise.all(Array.from({ length: order.connections }, () => open(order.port)));
  const ends = sockets.map((socket) => new Promise<void>((resolve) => work(socket, resolve)));
  await sleep(order.warmUpSeconds);
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  measuring = true;
  process.send?.('measuring');
  await sleep(order.seconds);
  measuring = false;
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  running = false;
  await Promise.all(ends);
  const sorted = Float64Array.from(latencies).sort();
  const quantile = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return {
    samples: sorted.length * samplesPerBatch,
    batches: sorted.length,
    sentSamples: turn * samplesPerBatch,
    seconds,
    p50: quantile(0.5),
    p99: quantile(0.99),
    max: quantile(1),
    refused,
    cpuSeconds: (user + system) / 1e6,
  };
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    socket.once('connect', () => resolve(socket)).once('error', reject);
  });
}

function sleep(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
}
