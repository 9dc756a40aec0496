import { expect, onTestFinished, test, vi } from 'vitest';
import { openSqliteLedger } from './sqlite-ledger.ts';

/** A ledger of VMs, on a clock by which reading one VM takes a whole turn. */
async function openSlowLedger(vms: number) {
  const ledger = openSqliteLedger({ path: ':memory:' });
  onTestFinished(() => ledger.close());
  for (let index = 0; index < vms; index += 1) {
    await ledger.start({ vmId: `ud-${index}`, customerId: 'acme', startNanos: 1n });
  }
  let now = 0;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 1_000));
  onTestFinished(() => clock.mockRestore());
  return ledger;
}

/** Turns of the event loop, in which requests are served, until some work is done. */
async function turnsOf(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let isDone = false;
  const done = work.then(() => {
    isDone = true;
  });
  while (!isDone) {
    await new Promise(setImmediate);
    turns += 1;
  }
  await done;
  return turns;
}

async function readAll(items: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of items);
}

test('requests are served while a page of usage is read', async () => {
  const ledger = await openSlowLedger(50);
  expect(await turnsOf(ledger.usage({}))).toBeGreaterThan(40);
});

test('requests are served while the usage of a period is read', async () => {
  const ledger = await openSlowLedger(50);
  expect(await turnsOf(ledger.usage({ fromSeconds: 0, toSeconds: 3_600, limit: 30 }))).toBeGreaterThan(20);
});

test('requests are served while all tracked VMs are summarised', async () => {
  const ledger = await openSlowLedger(50);
  expect(await turnsOf(readAll(ledger.tracked()))).toBeGreaterThan(40);
});
