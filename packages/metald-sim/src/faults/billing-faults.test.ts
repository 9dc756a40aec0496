import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { patience, startBillingMetald } from '../testing/faulty-metald.ts';

describe('billing', () => {
  test('billing-endpoint-failing: batches fail, wait, and arrive in order afterwards', async () => {
    const { switchOn, switchOff, read, batches } = await startBillingMetald();
    await switchOn('billing-endpoint-failing');
    await expect.poll(() => read('metald_billing_batch_failures_total'), patience).toBeGreaterThan(0);
    await expect.poll(() => read('metald_billing_spool_batches'), patience).toBeGreaterThan(1);
    expect(await read('metald_errors_total{component="billing"}')).toBeGreaterThan(0);
    const before = batches.length;
    const waiting = await read('metald_billing_spool_batches');
    await switchOff('billing-endpoint-failing');
    await expect.poll(() => batches.length, patience).toBeGreaterThan(before + waiting);
    const times = batches.flatMap((batch) => batch.times);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(new Set(times).size).toBe(times.length);
    expect(await read('metald_billing_metrics_dropped_total{reason="refused"}')).toBe(0);
  });

  test('billing-endpoint-slow: batches are late, and go on when it is over', async () => {
    const { switchOn, switchOff, read, batches } = await startBillingMetald();
    await switchOn('billing-endpoint-slow', { size: 9_000 });
    await expect.poll(() => read('metald_billing_spool_batches'), patience).toBeGreaterThan(3);
    const before = batches.length;
    await switchOff('billing-endpoint-slow');
    await expect.poll(() => batches.length, patience).toBeGreaterThan(before + 3);
    expect(await read('metald_billing_batch_failures_total')).toBe(0);
  });

  test('duplicate-sends: what was acknowledged comes a second time, until it is over', async () => {
    const { switchOn, switchOff, batches } = await startBillingMetald();
    const duplicates = () => {
      const firsts = batches.map(({ times }) => times[0]);
      return firsts.length - new Set(firsts).size;
    };
    await switchOn('duplicate-sends', { size: 1 });
    await expect.poll(duplicates, patience).toBeGreaterThan(1);
    await switchOff('duplicate-sends');
    // What was under way when it was switched off has come by the second batch from now.
    const next = async () => expect.poll(() => batches.length, patience).toBeGreaterThan(batches.length + 1);
    await next();
    const seen = duplicates();
    await next();
    expect(duplicates()).toBe(seen);
  });
});

describe('the spool', () => {
  /** A metald that bills, with a spool on disk and a log that can be read. */
  async function startSpoolingMetald() {
    const spool = await mkdtemp(join(tmpdir(), 'metald-faults-'));
    onTestFinished(() => rm(spool, { recursive: true }));
    const log: unknown[] = [];
    const logOutput = { write: (line: string) => void log.push(JSON.parse(line)) };
    const metald = await startBillingMetald({ spool, logLevel: 'warn', logOutput });
    return {
      ...metald,
      spool,
      log,
      failures: (operation: string) => metald.read(`metald_billing_spool_failures_total{operation="${operation}"}`),
      lost: (reason: string) => metald.read(`metald_billing_metrics_dropped_total{reason="${reason}"}`),
      /** Waits until that many batches more have come. */
      async more(count: number): Promise<void> {
        const before = metald.batches.length;
        await expect.poll(() => metald.batches.length, patience).toBeGreaterThanOrEqual(before + count);
      },
    };
  }

  test('spool-failing: unwritable samples count as lost, and stored batches drain', async () => {
    const { switchOn, switchOff, read, batches, gaps, spool, log, failures, lost, more } = await startSpoolingMetald();
    const waiting = () => read('metald_billing_spool_batches');
    await switchOn('billing-endpoint-failing');
    await expect.poll(waiting, patience).toBeGreaterThan(1);
    await switchOn('spool-failing');
    await expect.poll(() => lost('spool_unwritable'), patience).toBeGreaterThan(0);
    expect(await failures('write')).toBeGreaterThan(0);
    await switchOff('billing-endpoint-failing');
    await expect.poll(waiting, patience).toBe(0);
    expect(gaps).toEqual([]);

    await switchOff('spool-failing');
    await expect.poll(() => gaps.length, patience).toBe(1);
    const before = [await lost('spool_unwritable'), await failures('write')];
    await more(3);
    expect([await lost('spool_unwritable'), await failures('write')]).toEqual(before);

    // billaged is told of exactly what is missing, and has everything else once.
    const [gap] = gaps;
    const times = batches.flatMap((batch) => batch.times);
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
    expect(times.filter((time) => time >= (gap?.fromMs ?? 0) && time < (gap?.untilMs ?? 0))).toEqual([]);
    expect(times).toContain(gap?.untilMs);
    expect([await failures('sync'), await lost('damaged'), await lost('refused')]).toEqual([0, 0, 0]);
    const said = 'ENOSPC: no space left on device, write';
    expect(log).toEqual(
      expect.arrayContaining(
        [
          { operation: 'write', error: said, msg: 'spool I/O failed' },
          { operation: 'store_batch', reason: 'spool_unwritable', error: `cannot write to ${spool}: ${said}` },
        ].map((line) => expect.objectContaining({ level: 'error', ...line })),
      ),
    );
  });

  test('spool-failing with EIO: nothing is synced, or lost without a power cut', async () => {
    const { switchOn, switchOff, batches, gaps, log, failures, lost, more } = await startSpoolingMetald();
    await switchOn('spool-failing', { error: 'EIO' });
    await expect.poll(() => failures('sync'), patience).toBeGreaterThan(1);
    await more(3);
    await switchOff('spool-failing');
    const before = await failures('sync');
    await more(30);
    expect(await failures('sync')).toBe(before);
    expect([await failures('write'), await lost('spool_unwritable'), gaps]).toEqual([0, 0, []]);
    const times = batches.flatMap((batch) => batch.times);
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
    expect(log).toContainEqual(
      expect.objectContaining({ level: 'error', operation: 'sync', error: 'EIO: i/o error, fdatasync' }),
    );
  });
});

describe('sampling', () => {
  test('clock-skew: samples run ahead, then pause until the clock has caught up', async () => {
    let offsetMs = 0;
    const { switchOn, switchOff, batches } = await startBillingMetald({ now: () => Date.now() + offsetMs });
    const lastTime = () => batches.at(-1)?.times.at(-1) ?? 0;
    expect(lastTime()).toBeLessThanOrEqual(Date.now());
    await switchOn('clock-skew', { size: 3_600 });
    await expect.poll(lastTime, patience).toBeGreaterThan(Date.now() + 3_500_000);
    await switchOff('clock-skew');
    offsetMs = 3_700_000;
    // The clock has caught up, and the times are its own again.
    await expect.poll(lastTime, patience).toBeGreaterThan(Date.now() + 3_690_000);
    const times = batches.flatMap((batch) => batch.times);
    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  test.for(['sample-gaps', 'backend-unreachable'])(
    '%s: nothing is sampled, billaged is told from when to when, and sampling continues',
    async (fault) => {
      const { switchOn, switchOff, read, batches, gaps } = await startBillingMetald();
      const collected = () => read('metald_billing_metrics_collected_total');
      await switchOn(fault, { size: 1 });
      // The interval that was under way ends.
      await expect
        .poll(async () => {
          const before = await collected();
          await new Promise((resolve) => setTimeout(resolve, 100));
          return (await collected()) - before;
        }, patience)
        .toBe(0);
      expect(gaps).toEqual([]);
      const sampled = await collected();
      await switchOff(fault);
      await expect.poll(collected, patience).toBeGreaterThan(sampled + 10);
      await expect.poll(() => gaps.length, patience).toBe(1);
      const [gap] = gaps;
      expect(gap?.vmId).toBe(batches[0]?.vmId);
      expect((gap?.untilMs ?? 0) - (gap?.fromMs ?? 0)).toBeGreaterThan(90);
    },
  );
});
