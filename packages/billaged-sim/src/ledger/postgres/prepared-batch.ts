import { cutRuns, cutShortRuns, shortRun } from '../cut-runs.ts';
import { type Moment, momentOf, unixNanos } from '../moment.ts';
import type { CounterValues, Whole } from '../run.ts';
import { encodeSamples } from '../sample-codec.ts';
import type { ColumnBatch, SampleColumns } from '../sample-columns.ts';
import { sumUpRun } from '../sum-up-run.ts';
import { inTimeOrder } from '../time-order.ts';
import type { HourStretch } from './fact-columns.ts';

/** A run as it is stored. */
export interface StoredRun extends HourStretch {
  /** The samples of a short run, encoded. */
  readonly samples: Uint8Array | null;
}

/** A batch that is ready to be written: done before rows are locked, and once however often a transaction is begun. */
export interface PreparedBatch {
  readonly vmId: string;
  readonly customerId: string;
  /** In time order, none twice; a copy. */
  readonly samples: SampleColumns;
  /** Samples that were left out. */
  readonly duplicates: number;
  readonly oldest: Moment;
  readonly newest: Moment;
  /** The runs of the samples, if nothing is there at their time. */
  readonly runs: readonly StoredRun[];
}

/** Prepares a batch that has samples. */
export function prepareBatch({ vmId, customerId, samples: sent }: ColumnBatch): PreparedBatch {
  const { samples: ordered, duplicates } = inTimeOrder(sent);
  const samples = ordered === sent ? copyOf(sent) : ordered;
  return {
    vmId,
    customerId,
    samples,
    duplicates,
    oldest: momentOf(samples, 0),
    newest: momentOf(samples, samples.length - 1),
    runs: storedRuns(samples, 0, samples.length - 1, customerId, false),
  };
}

/** Cuts samples in time order into runs; `isShort` keeps each sample. */
export function storedRuns(
  samples: SampleColumns,
  from: number,
  to: number,
  customerId: string,
  isShort: boolean,
): StoredRun[] {
  const runs: StoredRun[] = [];
  const cut = isShort ? cutShortRuns : cutRuns;
  cut(samples, from, to, (start, end) => runs.push(storedRun(samples, start, end, customerId)));
  return runs;
}

function storedRun(samples: SampleColumns, from: number, to: number, customerId: string): StoredRun {
  const run = sumUpRun(samples, from, to);
  const { hour, first, last, count } = run;
  const [cpuNanos, diskReadBytes, diskWriteBytes, networkRxBytes, networkTxBytes] = wide(run.growth);
  return {
    hour,
    first,
    last,
    samples: count > 1 && count <= shortRun ? encodeSamples(samples, from, to, hour) : null,
    stretch: {
      customerId,
      firstNanos: unixNanos({ hour, nanos: first }),
      lastNanos: unixNanos({ hour, nanos: last }),
      sampleCount: count,
      gaps: run.gaps,
      firstCounters: wide(run.firstCounters),
      lastCounters: wide(run.lastCounters),
      growth: { cpuNanos, diskReadBytes, diskWriteBytes, networkRxBytes, networkTxBytes },
      lastMemoryBytes: BigInt(run.lastMemory),
      memorySumBytes: BigInt(run.memorySum),
      memoryMaxBytes: BigInt(run.memoryMax),
      memoryByteMillis: BigInt(run.memoryByteMillis),
    },
  };
}

function wide([a, b, c, d, e]: CounterValues<Whole>): CounterValues<bigint> {
  return [BigInt(a), BigInt(b), BigInt(c), BigInt(d), BigInt(e)];
}

/** The columns belong to the caller again as soon as the batch was handed over. */
function copyOf(samples: SampleColumns): SampleColumns {
  const { length } = samples;
  return {
    length,
    seconds: samples.seconds.slice(0, length),
    nanos: samples.nanos.slice(0, length),
    cpuNanos: samples.cpuNanos.slice(0, length),
    memoryBytes: samples.memoryBytes.slice(0, length),
    diskReadBytes: samples.diskReadBytes.slice(0, length),
    diskWriteBytes: samples.diskWriteBytes.slice(0, length),
    networkRxBytes: samples.networkRxBytes.slice(0, length),
    networkTxBytes: samples.networkTxBytes.slice(0, length),
  };
}
