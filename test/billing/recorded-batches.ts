import { readFile } from 'node:fs/promises';

/** What the recording billaged writes down of a batch. */
export interface RecordedBatch {
  readonly vmId: string;
  /** Times of its samples, Unix milliseconds, in their order. */
  readonly times: readonly number[];
  /** Of the whole request. */
  readonly digest: string;
}

/** What was acknowledged, repetitions left out. */
export interface Bill {
  /** Batches in the order in which they came first. */
  readonly batches: readonly RecordedBatch[];
  /** Batches that came again. */
  readonly repetitions: number;
  /** Different samples: VM and time. */
  readonly samples: number;
}

/** Names a batch by its VM and the times of its first and last sample. */
export function nameOf({ vmId, times }: Pick<RecordedBatch, 'vmId' | 'times'>): string {
  return `${vmId} ${times[0]} ${times.at(-1)}`;
}

/** Reads what a recording billaged has acknowledged. A line that was being written when it was killed was not. */
export async function readBill(file: string): Promise<Bill> {
  const lines = (await readFile(file, 'utf8')).split('\n');
  const whole = lines.flatMap((line): RecordedBatch[] => (line.endsWith('}') ? [JSON.parse(line)] : []));
  const byDigest = new Map(whole.map((batch) => [batch.digest, batch]));
  const samples = new Set(whole.flatMap(({ vmId, times }) => times.map((time) => `${vmId} ${time}`)));
  return { batches: [...byDigest.values()], repetitions: whole.length - byDigest.size, samples: samples.size };
}
