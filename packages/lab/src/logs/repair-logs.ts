import { type CompareOptions, compareLogs, type ProcessReport } from './compare-logs.ts';
import type { FileLine } from './log-store.ts';
import { subtract, unite } from './sequences.ts';

/** Lines per batch that is read and sent, to bound memory. */
const batchSize = 5_000;

/** Options of `repairLogs`. */
export interface RepairOptions extends CompareOptions {
  /** The missing lines, as a comparison has found them. */
  readonly reports: readonly ProcessReport[];
  /** Ends the repair early, between two batches. */
  readonly signal?: AbortSignal;
  /** Called with the number of lines sent so far. */
  readonly onProgress?: (sent: number) => void;
}

/**
 * Sends only the missing lines from the files to the store. Lines that have arrived since the comparison are skipped, so a
 * repair can be repeated.
 *
 * @returns the number of lines sent
 * @throws CommandError when the store rejects them; lines sent before stay stored
 */
export async function repairLogs(options: RepairOptions): Promise<number> {
  const { reports, files, store, signal, onProgress } = options;
  const now = new Map((await compareLogs({ files, store })).map((report) => [report.instance, report]));
  const wanted = new Map(
    reports.flatMap(({ instance, missing, gone }) => {
      const report = now.get(instance);
      const stored = report === undefined ? [] : subtract(missing, unite([...report.missing, ...report.waiting]));
      const left = subtract(subtract(missing, gone), stored);
      return left.length === 0 ? [] : [[instance, left] as const];
    }),
  );
  let sent = 0;
  let batch: FileLine[] = [];
  const send = async () => {
    await store.send(batch);
    sent += batch.length;
    batch = [];
    onProgress?.(sent);
  };
  if (wanted.size === 0) return 0;
  for await (const line of files.readLines(wanted)) {
    if (signal?.aborted) return sent;
    batch.push(line);
    if (batch.length === batchSize) await send();
  }
  if (batch.length > 0) await send();
  return sent;
}
