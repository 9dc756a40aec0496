import { once } from 'node:events';
import { createServer } from 'node:http';
import { type BillagedOptions, startBillaged } from '@vmobs/billaged-sim';
import { createBatchDecoder, keepHeapSmall } from '@vmobs/billaged-sim/testing';

/*
 * A process that serves one stage of the path of a batch. The parent sends one `StageOrder` and receives the port. Then
 * `'usage'` is answered with the `Usage` of this process, and `'close'` with `'closed'` when everything is on disk.
 */

/** How much of the service runs behind the port. */
export type Stage = 'http' | 'decode' | 'service' | 'ledger';

/** What to serve. */
export interface StageOrder {
  readonly stage: Stage;
  readonly logLevel: NonNullable<BillagedOptions['logLevel']>;
  /** Folder with the files of the ledger, for the stage `ledger`. */
  readonly directory: string;
}

/** The resources that this process has used. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

process.once('message', (order: StageOrder) => {
  // As in the process of the service.
  keepHeapSmall();
  serve(order).then(
    ({ port, close }) => {
      process.on('message', (question) => {
        if (question === 'usage') process.send?.(usage());
        else close().then(() => process.send?.('closed'));
      });
      process.send?.(port);
    },
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.once('disconnect', () => process.exit(0));

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpuSeconds: (user + system) / 1e6, residentBytes: process.memoryUsage.rss() };
}

interface Served {
  readonly port: number;
  readonly close: () => Promise<unknown>;
}

async function serve({ stage, logLevel, directory }: StageOrder): Promise<Served> {
  if (stage === 'http' || stage === 'decode') return serveBodies(stage);
  const common = { port: 0, metricsPort: 0, logLevel };
  const service = await startBillaged(
    stage === 'service' ? { ...common, ledger: ledgerOfNothing } : { ...common, database: `${directory}/ledger.db` },
  );
  return { port: Number(new URL(service.url).port), close: service.close };
}

/** Bare `node:http`: an upper bound for the speed of the service. */
async function serveBodies(stage: 'http' | 'decode'): Promise<Served> {
  const decode = createBatchDecoder(1_000);
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const [first = Buffer.alloc(0)] = chunks;
      if (stage === 'decode') decode(chunks.length === 1 ? first : Buffer.concat(chunks));
      setImmediate(() => response.writeHead(200, { 'content-length': 2 }).end('ok'));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('listens on no port');
  return { port: address.port, close: async () => server.close() };
}

/**
 * A ledger that stores nothing, to measure the service alone. Like a ledger with group commit, it answers all batches of one
 * turn of the event loop together. Separate answers would each wake the client, which can cost more than the rest.
 */
const ledgerOfNothing = {
  activeVms: 0,
  append({ samples }: { samples: { length: number } }) {
    const appended = { accepted: samples.length, duplicates: 0, sealed: 0 };
    return new Promise<typeof appended>((resolve) => setImmediate(resolve, appended));
  },
  start: async () => undefined,
  stop: async () => undefined,
  gap: async () => undefined,
  async *tracked() {},
  usage: async () => ({ rows: [], next: undefined }),
  sealBefore: async () => undefined,
  async oncePerPeriod(_task: string, _period: number, work: () => Promise<void>) {
    await work();
    return 'done' as const;
  },
  check: async () => undefined,
  close: async () => undefined,
};
