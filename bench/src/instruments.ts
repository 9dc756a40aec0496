import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as prometheusClient from '@prometheus-io/client';
import { anyValue } from '@vmobs/telemetry';
import { createCatalogue } from '@vmobs/telemetry/exposition';
import * as promClient from 'prom-client';
import { Bench } from 'tinybench';

/** One call on an instrument, made many times in a row. `turn` counts up, so that label sets and values change. */
type Operation = (turn: number) => void;

/** The compared operations of one client. */
type Operations = Readonly<Record<(typeof operationNames)[number], Operation>>;

const operationNames = [
  'counter, bound',
  'counter, 2 labels',
  'histogram, bound',
  'histogram, 2 labels',
  'gauge, 1000 ids',
] as const;

/** One call takes less time than reading the clock, so each iteration of the bench makes many. */
const callsAtOnce = 1_000;

const methods = [
  'CreateVm',
  'DeleteVm',
  'BootVm',
  'ShutdownVm',
  'GetVmInfo',
  'ListVms',
  'PauseVm',
  'ResumeVm',
] as const;
const codes = ['ok', 'not_found', 'internal', 'unavailable'] as const;
const ids = Array.from({ length: 1_000 }, (_, index) => `ud-${index.toString(16).padStart(16, '0')}`);
const seconds = Array.from({ length: 64 }, (_, index) => 10 ** (index / 16 - 3));
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const help = 'What is measured.';

/**
 * Time of one call on an instrument of this project's catalogue, of prom-client and of its successor. Each call creates its
 * labels, like code that counts a request; histograms have 13 buckets. All figures include the loop around the calls, which
 * takes up to 4 ns.
 */
export async function benchInstruments(): Promise<void> {
  const clients = {
    vmobs: ownOperations(),
    [`prom-client ${versionOf('prom-client')}`]: clientOperations(promClient),
    [`@prometheus-io/client ${versionOf('@prometheus-io/client')}`]: clientOperations(prometheusClient),
  };
  // Call every operation before the first measurement, so that the first has no advantage in the JIT compiler.
  for (const operations of Object.values(clients))
    for (const operation of Object.values(operations)) callRepeatedly(operation, 0);
  const rows = operationNames.map((operation) => {
    const nanoseconds = Object.values(clients).map((operations) => measure(operations[operation]));
    const [own = Number.NaN, ...peers] = nanoseconds;
    return [operation, ...nanoseconds.map((ns) => ns.toFixed(1)), ...peers.map((ns) => (ns / own).toFixed(1))];
  });
  const [own, ...peers] = Object.keys(clients);
  const header = ['ns a call', `${own}`, ...peers, ...peers.map((peer) => `times faster than ${peer.split(' ')[0]}`)];
  process.stdout.write(`${formatColumns([header, ...rows])}\n`);
}

function ownOperations(): Operations {
  const catalogue = createCatalogue();
  const labels = { method: methods, code: codes };
  const calls = catalogue.counter({ name: 'calls_total', help, labels });
  const durations = catalogue.histogram({ name: 'call_seconds', help, labels, buckets, reasonForBuckets: help });
  const usage = catalogue.gauge({ name: 'usage', help, labels: { vm_id: anyValue } });
  const boundCalls = calls.labels({ method: 'BootVm', code: 'ok' });
  const boundDurations = durations.labels({ method: 'BootVm', code: 'ok' });
  return {
    'counter, bound': () => boundCalls.inc(),
    'counter, 2 labels': (turn) => calls.inc({ method: methodOf(turn), code: codeOf(turn) }),
    'histogram, bound': (turn) => boundDurations.observe(secondsOf(turn)),
    'histogram, 2 labels': (turn) => durations.observe({ method: methodOf(turn), code: codeOf(turn) }, secondsOf(turn)),
    'gauge, 1000 ids': (turn) => usage.set({ vm_id: idOf(turn) }, turn),
  };
}

/** The common interface of prom-client and its successor. */
interface Client {
  readonly Counter: new (options: ClientOptions) => Labelled<{ inc(): void }> & { inc(labels: Labels): void };
  readonly Gauge: new (options: ClientOptions) => { set(labels: Labels, value: number): void };
  readonly Histogram: new (
    options: ClientOptions & { buckets: number[] },
  ) => Labelled<{ observe(value: number): void }> & { observe(labels: Labels, value: number): void };
}

type Labels = Record<string, string>;

interface Labelled<Child> {
  labels(labels: Labels): Child;
}

interface ClientOptions {
  name: string;
  help: string;
  labelNames: string[];
  registers: [];
}

function clientOperations({ Counter, Gauge, Histogram }: Client): Operations {
  const labelNames = ['method', 'code'];
  const calls = new Counter({ name: 'calls_total', help, labelNames, registers: [] });
  const durations = new Histogram({ name: 'call_seconds', help, labelNames, buckets, registers: [] });
  const usage = new Gauge({ name: 'usage', help, labelNames: ['vm_id'], registers: [] });
  const boundCalls = calls.labels({ method: 'BootVm', code: 'ok' });
  const boundDurations = durations.labels({ method: 'BootVm', code: 'ok' });
  return {
    'counter, bound': () => boundCalls.inc(),
    'counter, 2 labels': (turn) => calls.inc({ method: methodOf(turn), code: codeOf(turn) }),
    'histogram, bound': (turn) => boundDurations.observe(secondsOf(turn)),
    'histogram, 2 labels': (turn) => durations.observe({ method: methodOf(turn), code: codeOf(turn) }, secondsOf(turn)),
    'gauge, 1000 ids': (turn) => usage.set({ vm_id: idOf(turn) }, turn),
  };
}

const methodOf = (turn: number) => methods[turn % methods.length] ?? 'BootVm';
const codeOf = (turn: number) => codes[turn % codes.length] ?? 'ok';
const idOf = (turn: number) => ids[turn % ids.length] ?? '';
const secondsOf = (turn: number) => seconds[turn % seconds.length] ?? 0;

/** @returns nanoseconds of one call: the median, because the mean includes pauses of the machine */
function measure(operation: Operation): number {
  const bench = new Bench({ time: 500, warmupTime: 200 });
  let turn = 0;
  bench.add('calls', () => {
    turn = callRepeatedly(operation, turn);
  });
  const [task] = bench.runSync();
  return task !== undefined && 'latency' in task.result ? (task.result.latency.p50 * 1e6) / callsAtOnce : Number.NaN;
}

/** @returns the turn after the last */
function callRepeatedly(operation: Operation, turn: number): number {
  const end = turn + callsAtOnce;
  for (let next = turn; next < end; next += 1) operation(next);
  return end;
}

function versionOf(name: string): string {
  const file = fileURLToPath(import.meta.resolve(`${name}/package.json`));
  return String(JSON.parse(readFileSync(file, 'utf8')).version);
}

function formatColumns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const format = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return rows.map((row) => format(row).trimEnd()).join('\n');
}
