import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { startOtlpReceiver } from '../otlp/otlp-receiver.ts';
import { readMetric, scrape } from '../parsers/scrape.ts';
import { eventually } from '../processes/eventually.ts';
import { startServiceProcess } from '../processes/service-process.ts';
import { validConfig, vmClient } from '../wire/clients.ts';

const fast = {
  UNKEY_METALD_BILLING_INTERVAL: '10ms',
  UNKEY_METALD_BILLING_BATCH_SIZE: '7',
  UNKEY_METALD_SIM_TIME_SCALE: '1000',
  // Longer than the test: what is exported before the end was flushed by the end.
  OTEL_BSP_SCHEDULE_DELAY: '60000',
};

/** Boots VMs, and boots and stops more until it is told to stop; counts what was answered. */
async function startTraffic(url: string) {
  const client = vmClient(url);
  let answered = 0;
  let isStopped = false;
  const call = async <T>(work: Promise<T>) => {
    const answer = await work;
    answered += 1;
    return answer;
  };
  const boot = async () => {
    const { vmId } = await call(client.createVm({ config: validConfig }));
    await call(client.bootVm({ vmId }));
    return vmId;
  };
  await Promise.all([boot(), boot(), boot()]);
  const loop = async () => {
    while (!isStopped) {
      const vmId = await boot();
      await call(client.shutdownVm({ vmId }));
      await call(client.deleteVm({ vmId }));
    }
  };
  // The service goes away under the clients: their last request may fail, which is what `answered` leaves out.
  const done = Promise.all([loop(), loop()].map((client) => client.catch(() => undefined)));
  return {
    answered: () => answered,
    async stop() {
      isStopped = true;
      await done;
    },
  };
}

test('SIGTERM during traffic loses no acknowledged batch and no finished span', async () => {
  const receiver = await startOtlpReceiver();
  const billaged = await startServiceProcess('billaged-sim');
  const metald = await startServiceProcess('metald-sim', {
    ...fast,
    UNKEY_METALD_BILLING_ENDPOINT: billaged.url,
    UNKEY_METALD_OTEL_ENABLED: 'true',
    UNKEY_METALD_OTEL_ENDPOINT: receiver.endpoint,
  });
  const traffic = await startTraffic(metald.url);
  const collected = 'metald_billing_metrics_collected_total';
  await eventually(
    async () => readMetric(await scrape(metald.metricsUrl), collected),
    (samples) => samples > 100,
  );

  expect(await metald.end('SIGTERM')).toBe(0);
  await traffic.stop();

  // The last line that metald writes about billing says what became of every sample.
  const account = metald.log().find(({ msg }) => msg === 'billing has ended');
  expect(account).toMatchObject({ metrics_dropped: 0 });
  const page = await scrape(billaged.metricsUrl);
  expect(readMetric(page, 'billaged_metrics_processed_total')).toBe(account?.['metrics_collected']);
  expect(readMetric(page, 'billaged_metrics_duplicate_total')).toBe(0);

  const serverSpans = receiver.spans.filter(({ kind }) => kind === 2);
  expect(serverSpans.length).toBeGreaterThanOrEqual(traffic.answered());

  // billaged in turn sums up everything that it has acknowledged before it ends.
  expect(await billaged.end('SIGTERM')).toBe(0);
  const summed = billaged
    .log()
    .filter(({ msg }) => msg === 'usage summary' || msg === 'final usage summary')
    .reduce((sum, line) => sum + Number(line['sample_count']), 0);
  expect(summed).toBe(account?.['metrics_collected']);
  await receiver.close();
});

test.each(['refuses', 'hangs'])('a collector that %s delays the exit by no more than 3 s', async (fault) => {
  const collector = createServer();
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const address = collector.address();
  const endpoint = address !== null && typeof address === 'object' ? `127.0.0.1:${address.port}` : '';
  if (fault === 'refuses') collector.close();

  const billaged = await startServiceProcess('billaged-sim', {
    BILLAGED_OTEL_ENABLED: 'true',
    BILLAGED_OTEL_ENDPOINT: endpoint,
    OTEL_BSP_SCHEDULE_DELAY: '60000',
  });
  await fetch(`${billaged.url}/stats`);
  expect(await billaged.end('SIGTERM')).toBe(0);

  // Of the log, not of the clock: the flush gave up at its limit or before, and said that spans are lost.
  const lines = billaged.log();
  expect(lines).toContainEqual(
    expect.objectContaining({ level: 'warn', msg: 'spans that were not yet exported are lost' }),
  );
  const timeOf = (message: string) => Date.parse(String(lines.find(({ msg }) => msg === message)?.['timestamp']));
  const delay = timeOf('spans that were not yet exported are lost') - timeOf('shutting down');
  expect(delay).toBeLessThan(3_000 + 1_000);
  if (collector.listening) collector.close();
});

test('requests that are under way when SIGTERM comes are answered', async () => {
  const metald = await startServiceProcess('metald-sim', {
    UNKEY_METALD_BILLING_ENABLED: 'false',
    UNKEY_METALD_SIM_TIME_SCALE: '4',
  });
  const client = vmClient(metald.url);
  const { vmId } = await client.createVm({ config: validConfig });
  const boot = client.bootVm({ vmId });
  await eventually(
    () => client.pauseVm({ vmId }).then(() => '', String),
    (refusal) => refusal.includes('in progress'),
  );
  const status = metald.end('SIGTERM');
  expect(await boot).toMatchObject({ success: true });
  expect(await status).toBe(0);
});
