import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTelemetry } from '@vmobs/telemetry';
import { eventually } from '@vmobs/testing';
import { afterAll, beforeAll, test } from 'vitest';
import { switchAllOff, switchOn } from '../billing/fault-schedule.ts';
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts';
import { untilFired, untilOver } from './alert-waits.ts';
import { startUsageSender, type UsageSender } from './usage-sender.ts';
import { startWatchingPrometheus, type WatchingPrometheus } from './watching-prometheus.ts';

/*
 * Faults of a running billaged, and senders that send it what they should not, make the alerts fire that are said to see it, by
 * the rules of compose/ in a real Prometheus, and end them when they end. So does a service of a user that is scraped beside it.
 */

/** What takes ten minutes by the rules takes 40 s here. */
const speed = 15;
const limit = { timeout: 600_000 };

let folder: string;
let billaged: ServiceProcess;
let prometheus: WatchingPrometheus;
const senders = new Set<UsageSender>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmobs-alerts-'));
  billaged = await startServiceProcess('billaged-sim', {
    SIM_CONTROL: 'true',
    // A ledger in memory has no disk that could be full.
    BILLAGED_DATABASE: join(folder, 'billaged.db'),
    // A minute of this clock.
    BILLAGED_AGGREGATION_INTERVAL: `${60 / speed}s`,
    BILLAGED_MAX_BATCHES_IN_FLIGHT: '4',
  });
  prometheus = await startWatchingPrometheus({ folder, speed, billaged: billaged.metricsUrl });
});
afterAll(async () => {
  await stopSenders(senders);
  await billaged.end();
  await prometheus.stop();
  await rm(folder, { recursive: true });
});

/** Starts senders, each of a VM of its own. */
function startSenders(count: number, name: string, aheadMs = 0): Set<UsageSender> {
  const started = Array.from({ length: count }, (_, index) =>
    startUsageSender(billaged.url, { vmId: `ud-${name}-${index}`, aheadMs }),
  );
  for (const sender of started) senders.add(sender);
  return new Set(started);
}

async function stopSenders(some: ReadonlySet<UsageSender>): Promise<void> {
  for (const sender of some) senders.delete(sender);
  await Promise.all(Array.from(some, (sender) => sender.stop()));
}

/** The alerts about billaged that fire now, without the Watchdog, which always does. HighErrorRate is told with its component. */
async function firing(): Promise<string[]> {
  const alerts = await prometheus.query('ALERTS{alertstate="firing", job=~"billaged|", severity!="none"}');
  return alerts.map(({ metric: { alertname = '', component } }) =>
    component === undefined ? alertname : `${alertname} ${component}`,
  );
}

const ofFullDisk = ['BillingLedgerDiskFilling', 'BillingLedgerFailing', 'HighErrorRate ledger'];
/** It looks back for longer than the others, so that it is over last. */
const ofBudget = ['BillagedProcessingSuccessBurnRatePage'];
const ofBatches = [
  'BillingAggregationFailing',
  'BillingBatchesRefused',
  'BillingDuplicates',
  'BillingSamplesRefused',
  'HighErrorRate api',
  'SlowBillingProcessing',
];

test.concurrent(
  'each fault of billaged fires its alerts, and none stays when it is over',
  limit,
  async ({ expect }) => {
    // Fewer than it takes at a time: none of them is refused while it is well.
    startSenders(3, 'ordinary');
    const processing = () => prometheus.query('sum(rate(billaged_metrics_processed_total[10s])) > 0');
    await eventually(processing, (series) => series.length === 1);
    const all = [...ofFullDisk, ...ofBudget, ...ofBatches];
    expect((await firing()).filter((name) => all.includes(name))).toEqual([]);

    await switchOn(billaged.url, { name: 'disk-full', body: {} });
    await untilFired(firing, [...ofFullDisk, ...ofBudget]);
    await switchAllOff(billaged.url);

    await switchOn(billaged.url, { name: 'slow-processing', body: { size: 500 } });
    await switchOn(billaged.url, { name: 'processing-errors', body: { size: 0.2 } });
    await switchOn(billaged.url, { name: 'lost-acknowledgements', body: { size: 0.5 } });
    await switchOn(billaged.url, { name: 'aggregation-failures', body: {} });
    const unwelcome = startSenders(4, 'beyond-the-limit').union(startSenders(1, 'of-tomorrow', 86_400_000));
    await Promise.all([untilOver(firing, ofFullDisk), untilFired(firing, ofBatches)]);
    await switchAllOff(billaged.url);
    await stopSenders(unwelcome);
    await untilOver(firing, [...ofBatches, ...ofBudget]);
  },
);

test.concurrent(
  'the service of a user has an alert for an unreadable metric and for its absence',
  limit,
  async ({ expect, onTestFinished }) => {
    const ofShop = () => prometheus.firing('shop');
    let shop = await startShop(0, () => {
      throw new Error('the warehouse does not answer');
    });
    onTestFinished(() => shop.close());
    const { host, port } = new URL(shop.metricsUrl ?? '');
    const target = [{ targets: [host], labels: { service: 'shop' } }];
    await writeFile(join(prometheus.targets, 'shop.yml'), JSON.stringify(target));
    await untilFired(ofShop, ['MetricsMissing']);
    expect(await ofShop()).not.toContain('ScrapeFailing');

    await shop.close();
    await untilFired(ofShop, ['ScrapeFailing']);
    shop = await startShop(Number(port), () => 5);
    await untilOver(ofShop, ['MetricsMissing', 'ScrapeFailing']);
  },
);

/** A service with one metric of its own, whose log nobody reads. */
async function startShop(metricsPort: number, read: () => number) {
  const logOutput = { write: () => undefined };
  const shop = await startTelemetry({ name: 'shop', version: '1.0.0', metricsPort, logOutput });
  shop.metrics.observed({ type: 'gauge', name: 'shop_articles', help: 'Articles in stock.', read });
  return shop;
}
