import { parseArgs } from 'node:util';
import { createBatchDecoder } from '@vmobs/billaged-sim/testing';
import { messageOf, UsageError } from '@vmobs/settings';
import { createBatchBodies, samplesPerBatch } from './billing/batch-bodies.ts';
import { type Measured, type Measurement, measureStage } from './billing/measure-stage.ts';
import { describeLoad, formatTable, medianOf } from './report.ts';

/** The load of the goal: 8 connections, 1000 VMs, after a warm-up. */
const load = { connections: 8, vms: 1_000, warmUpSeconds: 3, seconds: 4, contentType: 'application/proto' } as const;

/** What is measured, and the name of its row. */
type Step = readonly [name: string, measurement: Partial<Measurement> & Pick<Measurement, 'stage'>];

/** The way of a batch, a step more each time; what a step costs is the difference to the one before. */
const steps: readonly Step[] = [
  ['node:http, body read', { stage: 'http' }],
  ['+ decoded', { stage: 'decode' }],
  ['billaged, ledger of nothing, no log', { stage: 'service', logLevel: 'warn' }],
  ['billaged, ledger of nothing', { stage: 'service' }],
  ['billaged, ledger of nothing, generic adapter', { stage: 'service', contentType: 'application/PROTO' }],
  ['billaged', { stage: 'ledger' }],
];

const slope: readonly Step[] = [100, 1_000, 10_000, 100_000].map((vms) => [`${vms} VMs`, { stage: 'ledger', vms }]);

/** So many that their batches do not repeat in ten minutes. */
const vmsOfLongRun = 6_000;

/**
 * Batches of 600 samples over real HTTP on 127.0.0.1, from a process of their own: what billaged takes, what a sample
 * costs, where the time goes, and how that changes with the number of VMs. CPU is that of the server process.
 *
 * Goal: 4 million samples/s and 0.2 us of CPU a sample, durable; the Go original, in memory: 3.1 million and 0.36 us.
 *
 *   --rounds 3      each step is measured so often, all of them in turns, since machines have slow minutes
 *   --seconds 600   nothing but the whole service, so long: does its memory stay as it is?
 *
 * @throws UsageError for a number that is none
 */
export async function benchBilling(args: readonly string[]): Promise<void> {
  const { rounds, seconds } = readFlags(args);
  print(`${describeLoad('before')}; ${load.connections} connections, ${samplesPerBatch} samples a batch`);
  if (seconds !== undefined) {
    const long = await measure({ stage: 'ledger', vms: vmsOfLongRun, seconds });
    print(formatTable([{ step: `${seconds} s`, ...figuresOf([long]) }]));
  } else {
    print(`decoder alone, in a loop: ${decodeAlone().toFixed(1)} us a batch`);
    print(`each step ${load.seconds} s, ${rounds} rounds in turns: the median, and the least and the most\n`);
    print(formatTable(await measureInTurns(steps, rounds)));
    print('\nby VMs');
    print(formatTable(await measureInTurns(slope, rounds)));
  }
  print(describeLoad('after'));
}

async function measureInTurns(all: readonly Step[], rounds: number): Promise<Row[]> {
  const measured = all.map((): Measured[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, [, measurement]] of all.entries()) measured[index]?.push(await measure(measurement));
  }
  return all.map(([step], index) => ({ step, ...figuresOf(measured[index] ?? []) }));
}

function readFlags(args: readonly string[]): { rounds: number; seconds: number | undefined } {
  const options = { rounds: { type: 'string', default: '3' }, seconds: { type: 'string' } } as const;
  const whole = (name: string, value: string) => {
    if (/^[1-9]\d{0,4}$/.test(value)) return Number(value);
    throw new Error(`--${name} is "${value}"; it is a whole number from 1 to 99999`);
  };
  try {
    const { rounds, seconds } = parseArgs({ args: [...args], options }).values;
    return {
      rounds: whole('rounds', rounds),
      seconds: seconds === undefined ? undefined : whole('seconds', seconds),
    };
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

function measure(measurement: Step[1]): Promise<Measured> {
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
  return medianOf(rounds);
}

type Row = Readonly<Record<string, string>>;

function figuresOf(all: readonly Measured[]): Row {
  const median = (figure: (measured: Measured) => number, digits: number) => medianOf(all.map(figure)).toFixed(digits);
  const withSpread = (figure: (measured: Measured) => number, digits: number) => {
    const values = all.map(figure);
    const spread = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(digits)).join('-');
    return all.length === 1 ? median(figure, digits) : `${median(figure, digits)} (${spread})`;
  };
  const refused: Record<string, number> = {};
  for (const one of all) {
    for (const [status, count] of Object.entries(one.refused)) refused[status] = (refused[status] ?? 0) + count;
  }
  const megabytes = (pick: (bytes: readonly number[]) => number | undefined) =>
    median(({ residentBytes }) => (pick(residentBytes) ?? Number.NaN) / 1e6, 0);
  return {
    'M samples/s': withSpread(({ samples, seconds }) => samples / seconds / 1e6, 2),
    'us CPU/sample': withSpread(({ serverCpuSeconds, samples }) => (serverCpuSeconds * 1e6) / samples, 3),
    'us CPU/batch': median(({ serverCpuSeconds, batches }) => (serverCpuSeconds * 1e6) / batches, 0),
    'p50 ms': median(({ p50 }) => p50, 2),
    'p99 ms': withSpread(({ p99 }) => p99, 1),
    'bytes/sample': all.every((one) => one.diskBytesPerSample === 0)
      ? ''
      : median(({ diskBytesPerSample }) => diskBytesPerSample, 2),
    'MB begin, most, end': `${megabytes((bytes) => bytes[0])} ${megabytes((bytes) => Math.max(...bytes))} ${megabytes((bytes) => bytes.at(-1))}`,
    'server, client core': `${median(({ serverCpuSeconds, seconds }) => serverCpuSeconds / seconds, 2)} ${median(({ cpuSeconds, seconds }) => cpuSeconds / seconds, 2)}`,
    'not 200': Object.entries(refused)
      .map(([status, count]) => `${status}: ${count}`)
      .join(' '),
  };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
