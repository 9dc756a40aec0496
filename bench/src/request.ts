import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { formatTable, medianOf } from './report.ts';
import { type Child, startChild } from './request/child.ts';
import type { ServerMessage } from './request/server.ts';
import type { SinkMessage } from './request/span-sink.ts';

const programs = {
  server: new URL('./request/server.ts', import.meta.url),
  peers: new URL('../peers/request/server.cjs', import.meta.url),
  load: new URL('./request/load.ts', import.meta.url),
  sink: new URL('./request/span-sink.ts', import.meta.url),
};
const peersFolder = new URL('.', programs.peers);

/** A measured server, and the share of traces that it samples. */
interface Subject {
  readonly name: string;
  readonly program: URL;
  /** For `programs.server`: which server it is. */
  readonly variant?: 'bare' | 'vmobs';
  readonly share: number;
}

const subjects: readonly Subject[] = [
  { name: 'bare', program: programs.server, variant: 'bare', share: 0 },
  { name: 'vmobs', program: programs.server, variant: 'vmobs', share: 1 },
  { name: 'peers', program: programs.peers, share: 1 },
  { name: 'vmobs 10 %', program: programs.server, variant: 'vmobs', share: 0.1 },
  { name: 'peers 10 %', program: programs.peers, share: 0.1 },
];

const rounds = 5;
const requests = 10_000;
const warmUpRequests = 10_000;
const connections = 16;

type Sink = Child<Extract<SinkMessage, { spans: unknown }>>;

/** A running subject and its measurements. */
interface Running extends Subject {
  readonly server: Child<Extract<ServerMessage, { cpu: unknown }>>;
  /** CPU per request in each round. */
  readonly microseconds: number[];
  /** Spans in the sink after the last round. */
  spans: number;
  /** Spans per request in the last round. */
  spansEach: number;
}

/**
 * CPU per request of a Fastify service, user and system, including the export of its spans: bare, with this project's
 * metrics, spans and log lines, and with those of instrumentation-http, @fastify/otel, fastify-metrics and pino. Each
 * server has its own process, as do the load and the sink that receives the spans in OTLP/HTTP JSON. Every server logs one
 * line per request, although Fastify with pino logs two by default. Missing peers are installed.
 */
export async function benchRequest(): Promise<void> {
  await installPeers();
  const sink: Sink = await startChild(programs.sink);
  const running: Running[] = [];
  try {
    for (const subject of subjects) running.push(await startSubject(subject, sink.url));
    for (const subject of running) await measure(subject, sink, warmUpRequests);
    for (let round = 0; round < rounds; round += 1) {
      // Each round starts with another subject, so that none always follows the same one.
      for (const subject of [...running.slice(round % running.length), ...running.slice(0, round % running.length)]) {
        subject.microseconds.push(await measure(subject, sink, requests));
      }
    }
  } finally {
    await Promise.all([sink, ...running.map(({ server }) => server)].map((child) => child.end()));
  }
  process.stdout.write(`${report(running)}\n`);
}

async function installPeers(): Promise<void> {
  const isInstalled = await access(new URL('node_modules/@fastify/otel', peersFolder)).then(
    () => true,
    () => false,
  );
  if (isInstalled) return;
  process.stdout.write('installing the peers\n');
  const npm = spawn('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: peersFolder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [status] = await once(npm, 'close');
  if (status !== 0) throw new Error(`npm ci in ${fileURLToPath(peersFolder)} ended with status ${status}`);
}

async function startSubject(subject: Subject, sinkUrl: string): Promise<Running> {
  const env = {
    ...(subject.variant && { BENCH_SERVER: subject.variant }),
    // The variables are those of OpenTelemetry, so that both sides read the same.
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
    OTEL_TRACES_SAMPLER_ARG: String(subject.share),
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${sinkUrl}/${encodeURIComponent(subject.name)}/v1/traces`,
    // Nothing is dropped, so that the export of every recorded span is measured.
    OTEL_BSP_MAX_QUEUE_SIZE: '100000',
    OTEL_BSP_SCHEDULE_DELAY: '200',
    NODE_ENV: 'production',
  };
  return { ...subject, server: await startChild(subject.program, env), microseconds: [], spans: 0, spansEach: 0 };
}

/** Sends requests and waits until all spans have arrived. @returns CPU per request in microseconds */
async function measure(subject: Running, sink: Sink, count: number): Promise<number> {
  const { name, server } = subject;
  const before = (await server.ask()).cpu;
  const load = spawn(process.execPath, [fileURLToPath(programs.load), server.url, String(count), String(connections)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [status] = await once(load, 'close');
  if (status !== 0) throw new Error(`the load for ${name} ended with status ${status}`);
  const spans = await settledSpans(subject, sink);
  subject.spansEach = (spans - subject.spans) / count;
  subject.spans = spans;
  const after = (await server.ask()).cpu;
  return (after.user + after.system - before.user - before.system) / count;
}

/** Spans of a subject in the sink, once no more arrive. */
async function settledSpans({ name, share }: Subject, sink: Sink): Promise<number> {
  if (share === 0) return 0;
  const read = async () => (await sink.ask()).spans[encodeURIComponent(name)] ?? 0;
  for (let spans = await read(); ; ) {
    await sleep(500);
    const later = await read();
    if (later === spans) return spans;
    spans = later;
  }
}

/** The table, and our added cost as a share of the peers'. */
function report(running: readonly Running[]): string {
  const base = medianOf(running[0]?.microseconds ?? []);
  const rows = running.map(({ name, microseconds, spansEach }) => {
    const added = medianOf(microseconds) - base;
    const spread = `${Math.min(...microseconds).toFixed(1)} - ${Math.max(...microseconds).toFixed(1)}`;
    return {
      served: name,
      'CPU us/request': medianOf(microseconds).toFixed(1),
      spread,
      added: added.toFixed(1),
      'spans/request': spansEach.toFixed(2),
    };
  });
  const addedBy = (name: string) => medianOf(running.find((one) => one.name === name)?.microseconds ?? []) - base;
  const shareOf = (ours: string, theirs: string) => `${((addedBy(ours) / addedBy(theirs)) * 100).toFixed(0)} %`;
  return [
    formatTable(rows),
    `added by vmobs as a share of what the peers add: ${shareOf('vmobs', 'peers')}; at 10 % sampling ${shareOf('vmobs 10 %', 'peers 10 %')}`,
    `median of ${rounds} rounds of ${requests} requests over ${connections} connections; the goal is under 50 %`,
  ].join('\n');
}
