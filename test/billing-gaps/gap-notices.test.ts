import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { readMetric, scrape } from '../parsers/scrape.ts';
import { type LogLine, startCommandInTest, untilReady } from '../processes/command.ts';
import { eventually } from '../processes/eventually.ts';
import { startServiceProcess } from '../processes/service-process.ts';

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
  const control = async (method: string, fault: string, body?: object) => {
    const response = await fetch(`${url}/sim/faults/${fault}`, { method, ...(body && { body: JSON.stringify(body) }) });
    expect(response.status).toBe(200);
  };

  async function untilMoreIsCollected(): Promise<void> {
    const before = await collected();
    await eventually(collected, (now) => now > before + 20 * vms);
  }

  /** Stops sampling, reads what was really used, ends both, and compares that with the bill. */
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
    expect(metald.log().find(({ msg }) => msg === 'billing has ended')).toMatchObject({ metrics_dropped: 0 });
    await billaged.end();
    // The last word on each VM.
    const bills = new Map(
      billaged.log().flatMap((line) => ('cpu_time_used_ms' in line ? [[String(line['vm_id']), line]] : [])),
    );
    expect(truth).toHaveLength(vms);
    for (const { vm_id, sample_count, total } of truth) {
      const bill: LogLine | undefined = bills.get(vm_id);
      expect(bill).toMatchObject({ sample_count });
      expect(bill?.['cpu_time_used_ms']).toBeCloseTo(Number(total.cpu_time_nanos) / 1e6, 2);
    }
  }

  await untilMoreIsCollected();
  return {
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

test('sample-gaps: billaged hears of the gap of each VM once, and what was used in it is billed', {
  timeout: 60_000,
}, async () => {
  const both = await startBoth();
  await both.control('PUT', 'sample-gaps', { size: 1, for: '1s' });
  const gaps = await eventually(both.gaps, ({ length }) => length >= vms);
  expect(vmsOf(gaps)).toEqual(await both.vmIds());
  for (const gap of gaps) expect(gap['gap_duration_ms']).toBeGreaterThanOrEqual(900);
  expect(await both.countedGaps()).toBe(vms);
  await both.untilMoreIsCollected();
  expect(both.gaps()).toHaveLength(vms);
  await both.expectBillToBeTrue();
});

test('a clock that leaps by more than two minutes leaves a gap that billaged hears of, and no less', {
  timeout: 60_000,
}, async () => {
  const both = await startBoth();
  await both.control('PUT', 'clock-skew', { size: gapSeconds - 10 });
  await both.untilMoreIsCollected();
  await both.control('PUT', 'clock-skew', { size: 2 * gapSeconds + 20 });
  const gaps = await eventually(both.gaps, ({ length }) => length >= vms);
  expect(vmsOf(gaps)).toEqual(await both.vmIds());
  for (const gap of gaps) {
    expect(gap['gap_duration_ms']).toBeGreaterThan(1_000 * gapSeconds);
    expect(gap['gap_duration_ms']).toBeLessThan(1_000 * (gapSeconds + 100));
  }
  expect(both.log()).toContainEqual(expect.objectContaining({ msg: 'metald did not run; samples are missing' }));
  await both.untilMoreIsCollected();
  await both.expectBillToBeTrue();
});

test(`a metald that stands still for ${stallSeconds} s goes on, loses no usage, and reports a gap of over two minutes`, {
  timeout: 60_000 + 1_000 * stallSeconds,
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
