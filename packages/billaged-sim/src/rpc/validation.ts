import { Code, ConnectError } from '@connectrpc/connect';
import { largestAmount, largestBatch, problemOfId } from '@vmobs/wire/billable';
import type { SampleColumns } from '../ledger/sample-columns.ts';
import type { ReceivedBatch } from './batch-decoder/received-batch.ts';

/**
 * Checks an id: a VM's id is required, a customer's is optional.
 *
 * @param name name of the field on the wire
 * @throws ConnectError `invalid_argument`
 */
export function checkId(name: string, value: string, presence: 'required' | 'optional'): void {
  if (value === '' && presence === 'required') throw new ConnectError(`${name} is required`, Code.InvalidArgument);
  const problem = problemOfId(name, value);
  if (problem !== undefined) throw new ConnectError(problem, Code.InvalidArgument);
}

/** How far a sample may be ahead of the clock, as billaged documents it. */
export const clockToleranceMs = 5 * 60_000;

/** The latest google.protobuf.Timestamp, the end of the year 9999, in Unix seconds. */
const latestSeconds = 253_402_300_799;

/**
 * Refuses a batch that cannot be billed.
 *
 * @throws ConnectError `invalid_argument`: no VM, too many samples, no time, a negative amount or one over 2^53 - 1
 */
export function checkBatch({ vmId, customerId, sampleCount, samples, isChecked }: ReceivedBatch): void {
  checkId('vm_id', vmId, 'required');
  checkId('customer_id', customerId, 'optional');
  if (sampleCount > largestBatch) {
    throw new ConnectError(`a batch has at most ${largestBatch} metrics, not ${sampleCount}`, Code.InvalidArgument);
  }
  if (isChecked) return;
  const { seconds, nanos, cpuNanos, memoryBytes, diskReadBytes, diskWriteBytes, networkRxBytes, networkTxBytes } =
    samples;
  for (let row = 0; row < samples.length; row += 1) {
    const second = seconds[row] ?? Number.NaN;
    const nano = nanos[row] ?? -1;
    if (!(second >= 0 && second <= latestSeconds && nano >= 0 && nano <= 999_999_999)) refuseTime(second, row);
    checkAmount(cpuNanos[row], row);
    checkAmount(memoryBytes[row], row);
    checkAmount(diskReadBytes[row], row);
    checkAmount(diskWriteBytes[row], row);
    checkAmount(networkRxBytes[row], row);
    checkAmount(networkTxBytes[row], row);
  }
}

function refuseTime(second: number, row: number): never {
  const problem = Number.isNaN(second) ? 'is required' : 'is not between the years 1970 and 9999';
  throw new ConnectError(`metrics[${row}].timestamp ${problem}`, Code.InvalidArgument);
}

function checkAmount(amount = Number.NaN, row: number): void {
  if (amount >= 0 && amount <= largestAmount) return;
  const problem = amount < 0 ? 'a negative amount' : `an amount over ${largestAmount}`;
  throw new ConnectError(`metrics[${row}] has ${problem}`, Code.InvalidArgument);
}

/**
 * Removes samples from the future. Their clock is wrong; the rest of the batch is billed.
 *
 * @param latestMs the latest accepted time, in Unix milliseconds
 * @returns the number of removed samples
 */
export function dropFutureSamples(samples: SampleColumns, latestMs: number): number {
  const { length, seconds, nanos } = samples;
  const latest = Math.floor(latestMs / 1_000);
  const latestNanos = Math.floor((latestMs - 1_000 * latest) * 1e6);
  let kept = 0;
  for (let row = 0; row < length; row += 1) {
    const second = seconds[row] ?? 0;
    if (second > latest || (second === latest && (nanos[row] ?? 0) > latestNanos)) continue;
    if (kept !== row) copyRow(samples, row, kept);
    kept += 1;
  }
  samples.length = kept;
  return length - kept;
}

function copyRow(samples: SampleColumns, from: number, to: number): void {
  for (const column of Object.values(samples)) {
    if (typeof column !== 'number') column.copyWithin(to, from, from + 1);
  }
}
