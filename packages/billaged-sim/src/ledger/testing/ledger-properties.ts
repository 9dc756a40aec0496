import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PeriodUsage, UsageLedger, UsageQuery } from '../ledger.ts';
import { anyBatches, anySteps, batchesOfAnyCut, streams, tickingSteps } from './sample-streams.ts';
import { type BilledSample, billOf } from './usage-oracle.ts';
import { columnsOf } from './usage-samples.ts';

/** Runs a test with a ledger of its own, which is closed afterwards. */
export type WithLedger = <T>(use: (ledger: UsageLedger) => Promise<T>) => Promise<T>;

const quarterNanos = 900_000_000_000n;

/** Maximum number of quarters whose bills are compared. */
const mostQuarters = 16;

/** Tests that the bills of a driver do not depend on how samples arrive, against an oracle that knows the samples only. */
export function testLedgerProperties(driver: string, withLedger: WithLedger, numRuns: number): void {
  describe(`${driver}: every sample is billed once`, () => {
    test('in batches of up to 64 samples in any order, among each other, again and again', async () => {
      const sent = streams('ud-1', { minLength: 1, maxLength: 120, stepNanos: anySteps }).chain((samples) =>
        anyBatches(samples).map((batches) => ({ samples, batches })),
      );
      await holds(sent, { withLedger, numRuns });
    });

    test('in long batches that were cut at other places each time, in any order', async () => {
      const sent = streams('ud-1', { minLength: 300, maxLength: 1_200, stepNanos: tickingSteps }).chain((samples) =>
        batchesOfAnyCut(samples).map((batches) => ({ samples, batches })),
      );
      await holds(sent, { withLedger, numRuns: Math.ceil(numRuns / 4) });
    });

    test('of several VMs, in batches that come at the same time', async () => {
      const vms = ['ud-1', 'ud-2', 'ud-3'].map((vmId) =>
        streams(vmId, { minLength: 0, maxLength: 40, stepNanos: anySteps }).chain((samples) =>
          anyBatches(samples).map((batches) => ({ samples, batches })),
        ),
      );
      const sent = fc.tuple(...vms).map((streams) => ({
        samples: streams.flatMap(({ samples }) => samples),
        batches: streams.flatMap(({ batches }) => batches),
      }));
      await holds(sent, { withLedger, numRuns });
    });
  });
}

interface Sent {
  readonly samples: readonly BilledSample[];
  readonly batches: readonly (readonly BilledSample[])[];
}

/** Sends batches and compares the bills of all time, of quarters of an hour, of hours and of each customer with those of the oracle. */
async function holds(
  sent: fc.Arbitrary<Sent>,
  { withLedger, numRuns }: { withLedger: WithLedger; numRuns: number },
): Promise<void> {
  const property = fc.asyncProperty(sent, fc.boolean(), ({ samples, batches }, isOneByOne) =>
    withLedger(async (ledger) => {
      // A batch has one customer; where the customer changes, the batch is sent in parts.
      const parts = batches.flatMap(byCustomer);
      const answers: Awaited<ReturnType<UsageLedger['append']>>[] = [];
      const send = (batch: readonly BilledSample[]) =>
        ledger.append({
          vmId: batch[0]?.vmId ?? '',
          customerId: batch[0]?.customerId ?? '',
          samples: columnsOf(batch),
        });
      if (isOneByOne) {
        for (const [index, part] of parts.entries()) {
          answers.push(await send(part));
          // Rollups and summaries are made meanwhile, and late samples must invalidate them.
          if (index % Math.ceil(parts.length / 3) === 1) {
            await sleep(15);
            await Array.fromAsync(ledger.tracked());
          }
        }
      } else answers.push(...(await Promise.all(parts.map(send))));

      const accepted = answers.reduce((sum, answer) => sum + answer.accepted, 0);
      const duplicates = answers.reduce((sum, answer) => sum + answer.duplicates, 0);
      expect({ accepted, duplicates }).toEqual({
        accepted: samples.length,
        duplicates: parts.flat().length - samples.length,
      });
      await expectBill(ledger, samples);
      // The second read finds the rollups that the first one has requested.
      await sleep(10);
      await expectBill(ledger, samples);
      await ledger.sealBefore(Number((samples.at(-1)?.timeNanos ?? 0n) / 1_000_000_000n));
      await expectBill(ledger, samples);
    }),
  );
  await fc.assert(property, { numRuns });
}

async function expectBill(ledger: UsageLedger, samples: readonly BilledSample[]): Promise<void> {
  const read = async (query: UsageQuery): Promise<readonly PeriodUsage[]> => (await ledger.usage(query)).rows;
  const whole = billOf(samples);
  expect(await read({})).toEqual(whole);
  expect(await summaries(ledger)).toEqual(
    billOf(samples.map((sample) => ({ ...sample, customerId: 'any' }))).map(
      ({ firstNanos, lastNanos, isInterpolated: _, ...used }) => ({
        ...used,
        startNanos: firstNanos,
        endNanos: lastNanos,
      }),
    ),
  );
  const quarters = [...new Set(samples.map(({ timeNanos }) => timeNanos / quarterNanos))];
  // Periods of one quarter, and of an hour that begins on any of them.
  for (const quarter of quarters.slice(0, mostQuarters)) {
    for (const count of [1n, 4n]) {
      const [from, to] = [quarter * quarterNanos, (quarter + count) * quarterNanos];
      const seconds = { fromSeconds: Number(from / 1_000_000_000n), toSeconds: Number(to / 1_000_000_000n) };
      expect(await read(seconds)).toEqual(billOf(samples, from, to));
    }
  }
  const customerId = samples[0]?.customerId;
  expect(await read({ customerId })).toEqual(
    customerId === undefined ? whole : whole.filter((row) => row.customerId === customerId),
  );
}

/** The summary of each VM without its customer, sorted by name. */
async function summaries(ledger: UsageLedger) {
  const tracked = await Array.fromAsync(ledger.tracked(), (usage) => ({ ...usage, customerId: 'any' }));
  return tracked.sort((a, b) => (a.vmId < b.vmId ? -1 : 1));
}

function byCustomer(batch: readonly BilledSample[]): BilledSample[][] {
  const customers = [...new Set(batch.map(({ customerId }) => customerId))];
  return customers.map((customerId) => batch.filter((sample) => sample.customerId === customerId));
}
