import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createBatchDecoder } from '@vmobs/billaged-sim/batch-decoder';
import { UsageError } from '@vmobs/telemetry';
import { createBatchBodies, samplesPerBatch } from './billing/batch-bodies.ts';
import { type Measured, type Measurement, measureStage } from './billing/measure-stage.ts';

/** The load of the goal: 8 connections, 1000 VMs, after a warm-up. */
const load = { connections: 8, vms: 1_000, warmUpSeconds: 3, seconds: 10, contentType: 'application/proto' } as const;

/** The way of a batch, a step more each time; what a step costs is the difference to the one before. */
const steps: readonly [name: string, measurement: Partial<Measurement> & Pick<Measurement, 'stage'>][] = [
  ['node:http, body read', { stage: 'http' }],
  ['+ decoded', { stage: 'decode' }],
  ['billaged, ledger of nothing, no log', { stage: 'service', logLevel: 'warn' }],
  ['billaged, ledger of nothing', { stage: 'service' }],
  ['billaged, ledger of nothing, generic adapter', { stage: 'service', contentType: 'application/PROTO' }],
  ['billaged', { stage: 'ledger' }],
];

const slope = [100, 1_000, 10_000, 100_000];

/** So many that their batches do not repeat in ten minutes. */
const vmsOfLongRun = 6_000;

/**
 * Batches of 600 samples over real HTTP on 127.0.0.1, from a process of their own: what billaged takes, what a sample
 * costs, where the time goes, and how that changes with the number of VMs. CPU is that of the server process.
 *
 * Goal: 4 million samples/s and 0.2 us of CPU a sample, durable; the Go original, in memory: 3.1 million and 0.36 us.
 *
 *   --seconds 600   nothing but the whole service, so long: does its memory stay as it is?
 *
 * @throws UsageError for a number of seconds that is none
 */
export async function benchBilling(args: readonly string[]): Promise<void> {
  const seconds = readSeconds(args);
  print(`load before: ${loadAverage()}; ${load.connections} connections, ${samplesPerBatch} samples a batch`);
  if (seconds !== undefined) {
    print(formatTable([rowOf(`${seconds} s`, await measure({ stage: 'ledger', vms: vmsOfLongRun, seconds }))]));
    print(`load after: ${loadAverage()}`);
    return;
  }
  print(`decoder alone, in a loop: ${decodeAlone().toFixed(1)} us a batch`);
  const rows: Row[] = [];
  for (const [name, measurement] of steps) rows.push(rowOf(name, await measure(measurement)));
  print(formatTable(rows));
  print('\nby VMs');
  const vmRows: Row[] = [];
  for (const vms of slope) vmRows.push(rowOf(`${vms} VMs`, await measure({ stage: 'ledger', vms, seconds: 5 })));
  print(formatTable(vmRows));
  print(`load after: ${loadAverage()}`);
}

function readSeconds(args: readonly string[]): number | undefined {
  const options = { seconds: { type: 'string' } } as const;
  try {
    const { seconds } = parseArgs({ args: [...args], options }).values;
    if (seconds === undefined) return undefined;
    if (/^[1-9]\d{0,4}$/.test(seconds)) return Number(seconds);
    throw new Error(`--seconds is "${seconds}"; it is a whole number of seconds from 1 to 99999`);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function measure(measurement: Partial<Measurement> & Pick<Measurement, 'stage'>): Promise<Measured> {
  return measureStage({ logLevel: 'info', ...load, ...measurement });
}

/** Microseconds that decoding one body takes that is in the cache: the median of many rounds. */
function decodeAlone(): number {
  const decode = createBatchDecoder(1_000);
  const bodies = createBatchBodies(50);
  const room = Buffer.alloc(bodies.maxLength);
  const length = bodies.write(room, 0, 0, 1);
  const body = room.subarray(0, length);
  const rounds = Array.from({ length: 50 }, () => {
    const begin = performance.now();
    for (let run = 0; run < 200; run += 1) decode(body);
    return ((performance.now() - begin) * 1_000) / 200;
  });
  return rounds.toSorted((a, b) => a - b)[25] ?? Number.NaN;
}

type Row = Readonly<Record<string, string>>;

function rowOf(name: string, measured: Measured): Row {
  const { batches, samples, seconds, serverCpuSeconds, residentBytes, refused } = measured;
  const megabytes = residentBytes.map((bytes) => bytes / 1e6);
  return {
    step: name,
    'M samples/s': (samples / seconds / 1e6).toFixed(2),
    'us CPU/sample': ((serverCpuSeconds * 1e6) / samples).toFixed(3),
    'us CPU/batch': ((serverCpuSeconds * 1e6) / batches).toFixed(0),
    'p50 ms': measured.p50.toFixed(2),
    'p99 ms': measured.p99.toFixed(2),
    'bytes/sample': measured.diskBytesPerSample === 0 ? '' : measured.diskBytesPerSample.toFixed(2),
    'MB begin, most, end': [megabytes[0], Math.max(...megabytes), megabytes.at(-1)]
      .map((size) => (size ?? 0).toFixed(0))
      .join(' '),
    'server, client core': `${(serverCpuSeconds / seconds).toFixed(2)} ${(measured.cpuSeconds / seconds).toFixed(2)}`,
    'not 200': Object.entries(refused)
      .map(([status, count]) => `${status}: ${count}`)
      .join(' '),
  };
}

function formatTable(rows: readonly Row[]): string {
  const columns = Object.keys(rows[0] ?? {});
  const cells = [columns, ...rows.map((row) => columns.map((column) => row[column] ?? ''))];
  const widths = columns.map((_, index) => Math.max(...cells.map((row) => row[index]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** What else runs on the machine spoils every figure, so it is told with them. */
function loadAverage(): string {
  try {
    return readFileSync('/proc/loadavg', 'utf8').trim();
  } catch {
    return 'not known';
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
