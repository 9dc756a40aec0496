import { once } from 'node:events';
import { createServer } from 'node:net';
import { eventually, readMetric, scrape, startOtlpReceiver } from '@vmobs/testing';
import { expect, test } from 'vitest';
import { bootUnderWay, validConfig, vmClient } from '../support/clients.ts';
import { startServiceProcess } from '../support/service-process.ts';

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
  const account = metald.log().find(({ msg }) => msg === 'billing stopped');
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

test.for([
  ['refuses', /ECONNREFUSED|did not answer within (3000|2\d{3}|1\d{3}) ms/],
  ['hangs', /did not answer within (3000|2\d{3}|1\d{3}) ms/],
] as const)('a collector that %s delays the exit by no more than 3 s', async ([fault, reason]) => {
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

  // Of the log, not of the clock: the flush gave up at its limit, which is the rest of 3 s, or before, and said why spans are lost.
  expect(billaged.log()).toContainEqual(
    expect.objectContaining({
      level: 'warn',
      msg: 'spans that were not yet exported are lost',
      reason: expect.stringMatching(reason),
    }),
  );
  if (collector.listening) collector.close();
});

test('requests that are under way when SIGTERM comes are answered', async () => {
  const metald = await startServiceProcess('metald-sim', {
    UNKEY_METALD_BILLING_ENABLED: 'false',
    UNKEY_METALD_SIM_TIME_SCALE: '4',
  });
  const boot = await bootUnderWay(vmClient(metald.url));
  const status = metald.end('SIGTERM');
  expect(await boot()).toMatchObject({ success: true });
  expect(await status).toBe(0);
});
