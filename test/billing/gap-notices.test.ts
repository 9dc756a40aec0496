import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, type LogLine, readMetric, scrape, untilReady } from '@vmobs/testing';
import { expect, onTestFinished, test } from 'vitest';
import { startCommandInTest } from '../support/command.ts';
import { startServiceProcess } from '../support/service-process.ts';

/*
 * Time without samples, between a metald and a billaged that are processes of their own: billaged is told of it, and what
 * was used in it is billed.
 */

/**
 * How long the process of metald is stopped. Only more than 2 minutes are a gap that billaged is told of; the long proof
 * has them: `BILLING_STALL_SECONDS=125`.
 */
const stallSeconds = Number(process.env['BILLING_STALL_SECONDS'] ?? 2);
const gapSeconds = 120;

const vms = 3;

interface TruthOfVm {
  readonly vm_id: string;
  readonly sample_count: number;
  readonly total: { readonly cpu_time_nanos: string };
  readonly not_sampled: { readonly cpu_time_nanos: string };
}

/** Both services; metald has some VMs, samples every 20 ms and sends batches of five. */
async function startBoth() {
  const billaged = await startServiceProcess('billaged-sim');
  onTestFinished(async () => void (await billaged.end('SIGKILL')));
  const metald = startCommandInTest('metald-sim', ['--port=0', '--metrics-port=0', `--vms=${vms}`], {
    SIM_CONTROL: 'true',
    UNKEY_METALD_BILLING_ENDPOINT: billaged.url,
    UNKEY_METALD_BILLING_INTERVAL: '20ms',
    UNKEY_METALD_BILLING_BATCH_SIZE: '5',
  });
  const { url, metricsUrl } = await untilReady(metald);
  const collected = async () => readMetric(await scrape(metricsUrl), 'metald_billing_metrics_collected_total');
  const readTruth = async () => ((await (await fetch(`${url}/sim/truth`)).json()) as { vms: TruthOfVm[] }).vms;
  const ticks = async () => readMetric(await scrape(metricsUrl), 'metald_billing_tick_duration_seconds');
  const control = async (method: string, fault: string, body?: object) => {
    const response = await fetch(`${url}/sim/faults/${fault}`, { method, ...(body && { body: JSON.stringify(body) }) });
    expect(response.status).toBe(200);
  };

  /** Waits for as many intervals of 20 ms as are told. metald does not make up for those that it missed. */
  async function untilMoreIsCollected(intervals = 20): Promise<void> {
    const before = await collected();
    await eventually(collected, (now) => now > before + intervals * vms);
  }

  /** Stops sampling, reads what was used until then, ends both, and compares that with the bill. */
  async function expectBillToBeTrue(): Promise<void> {
    await control('PUT', 'sample-gaps', { size: 1 });
    let before = Number.NaN;
    await eventually(async () => {
      const isStill = (await collected()) === before;
      before = await collected();
      await sleep(100);
      return isStill;
    }, Boolean);
    const truth = await readTruth();
    metald.signal('SIGTERM');
    expect((await metald.ended()).status).toBe(0);
    expect(metald.log().find(({ msg }) => msg === 'billing stopped')).toMatchObject({ metrics_dropped: 0 });
    await billaged.end();
    // The last word on each VM.
    const bills = new Map(
      billaged.log().flatMap((line) => ('cpu_time_used_ms' in line ? [[String(line['vm_id']), line]] : [])),
    );
    expect(truth).toHaveLength(vms);
    for (const { vm_id, sample_count, total, not_sampled } of truth) {
      const bill: LogLine | undefined = bills.get(vm_id);
      expect(bill).toMatchObject({ sample_count });
      const sampledNanos = Number(total.cpu_time_nanos) - Number(not_sampled.cpu_time_nanos);
      expect(bill?.['cpu_time_used_ms']).toBeCloseTo(sampledNanos / 1e6, 2);
    }
  }

  await untilMoreIsCollected();
  return {
    /** Waits for so many rounds of sampling, whether anything is sampled in them or not. */
    async untilMoreTicks(count: number) {
      const before = await ticks();
      await eventually(ticks, (now) => now >= before + count);
    },
    signal: metald.signal,
    log: metald.log,
    control,
    untilMoreIsCollected,
    vmIds: async () => (await readTruth()).map(({ vm_id }) => vm_id).sort(),
    /** The gaps that billaged has heard of. */
    gaps: () => billaged.log().filter((line) => 'gap_duration_ms' in line),
    countedGaps: async () => readMetric(await scrape(billaged.metricsUrl), 'billaged_gap_notifications_total'),
    expectBillToBeTrue,
  };
}

const vmsOf = (gaps: readonly LogLine[]) => gaps.map((line) => line['vm_id']).sort();

test('sample-gaps: the gap of each VM is reported once, and its usage is billed', async () => {
  const both = await startBoth();
  await both.control('PUT', 'sample-gaps', { size: 1 });
  await both.untilMoreTicks(50);
  await both.control('DELETE', 'sample-gaps');
  const gaps = await eventually(both.gaps, ({ length }) => length >= vms);
  expect(vmsOf(gaps)).toEqual(await both.vmIds());
  // 50 rounds of 20 ms or more.
  for (const gap of gaps) expect(gap['gap_duration_ms']).toBeGreaterThanOrEqual(900);
  expect(await both.countedGaps()).toBe(vms);
  await both.untilMoreIsCollected();
  expect(both.gaps()).toHaveLength(vms);
  await both.expectBillToBeTrue();
});

test('only a clock jump of more than two minutes is reported as a gap', async () => {
  const both = await startBoth();
  await both.control('PUT', 'clock-skew', { size: gapSeconds - 10 });
  // metald looks at its clock once a second. It must see this leap alone, or both leaps are one of 260 s to it.
  await both.untilMoreIsCollected(3_000 / 20);
  await both.control('PUT', 'clock-skew', { size: 2 * gapSeconds + 20 });
  const gaps = await eventually(both.gaps, ({ length }) => length >= vms);
  expect(vmsOf(gaps)).toEqual(await both.vmIds());
  for (const gap of gaps) {
    expect(gap['gap_duration_ms']).toBeGreaterThan(1_000 * gapSeconds);
    expect(gap['gap_duration_ms']).toBeLessThan(1_000 * (2 * gapSeconds + 20));
  }
  expect(both.log()).toContainEqual(expect.objectContaining({ msg: 'metald was stalled: samples are missing' }));
  await both.untilMoreIsCollected();
  await both.expectBillToBeTrue();
});

test(`a metald stopped for ${stallSeconds} s loses no usage, and reports a gap of over two minutes`, {
  timeout: 120_000 + 1_000 * stallSeconds,
}, async () => {
  const both = await startBoth();
  both.signal('SIGSTOP');
  await sleep(1_000 * stallSeconds);
  both.signal('SIGCONT');
  await both.untilMoreIsCollected();
  const wanted = stallSeconds > gapSeconds ? await both.vmIds() : [];
  const gaps = await eventually(both.gaps, ({ length }) => length >= wanted.length);
  expect(vmsOf(gaps)).toEqual(wanted);
  for (const gap of gaps) expect(gap['gap_duration_ms']).toBeGreaterThanOrEqual(1_000 * (stallSeconds - 2));
  await both.expectBillToBeTrue();
});
