import { eventually, readMetric, scrape } from '@vmobs/testing';
import { expect, test } from 'vitest';
import { validConfig, vmClient } from '../../support/clients.ts';
import { startCommandInTest } from '../../support/command.ts';
import { startServiceProcess } from '../../support/service-process.ts';

/** Every variable that the real metald reads, in its first version and in later ones. */
const realVariables = [
  ...[
    'PORT',
    'ADDRESS',
    'BACKEND',
    'MAX_PROCESSES',
    'SOCKET_DIR',
    'LOG_DIR',
    'CH_ENDPOINT',
    'FC_ENDPOINT',
    'FIRECRACKER_BINARY',
  ],
  ...['ENABLED', 'ENDPOINT', 'MOCK_MODE', 'INTERVAL', 'BATCH_SIZE', 'MOCK'].map((name) => `BILLING_${name}`),
  ...['ENABLED', 'SERVICE_NAME', 'SERVICE_VERSION', 'SAMPLING_RATE', 'ENDPOINT'].map((name) => `OTEL_${name}`),
  ...['ENABLED', 'PORT', 'INTERFACE'].map((name) => `OTEL_PROMETHEUS_${name}`),
  'OTEL_HIGH_CARDINALITY_ENABLED',
  ...['ENABLED', 'BINARY', 'UID', 'GID', 'CHROOT_DIR', 'NETNS', 'PIDNS'].map((name) => `JAILER_${name}`),
  ...['MEMORY_LIMIT', 'CPU_QUOTA', 'FD_LIMIT'].map((name) => `JAILER_${name}`),
  ...['DATA_DIR', 'DATABASE_DIR', 'INSTANCE_ID', 'ASSETMANAGER_', 'NETWORK_', 'TLS_', 'SPIFFE_SOCKET'],
].map((name) => `UNKEY_METALD_${name}`);

test('--help knows every variable of the real metald, read or ignored', async () => {
  const { stdout } = await startCommandInTest('metald-sim', ['--help']).ended();
  expect(realVariables.filter((name) => !stdout.includes(name))).toEqual([]);
  const [read = '', ignored = ''] = stdout.split('Accepted and ignored');
  expect(ignored).toContain('UNKEY_METALD_JAILER_ENABLED');
  expect(read).not.toContain('UNKEY_METALD_JAILER_ENABLED');
  expect(read).toContain('UNKEY_METALD_BACKEND');
});

test('variables of the real metald are ignored and named in the log', async () => {
  const metald = await startServiceProcess('metald-sim', {
    UNKEY_METALD_BILLING_ENABLED: 'false',
    UNKEY_METALD_JAILER_ENABLED: 'certainly',
    UNKEY_METALD_TLS_MODE: 'spiffe',
    UNKEY_METALD_NETWORK_BRIDGE: 'br0',
    UNKEY_METALD_BACKEND: 'firecracker',
  });
  const health = await fetch(`${metald.url}/_/health`);
  expect(await health.json()).toMatchObject({ backend: { type: 'firecracker' } });
  expect(await metald.end()).toBe(0);
  const line = metald.log().find(({ msg }) => msg === 'ignoring variables that only the real metald uses');
  expect(line?.['variables']).toEqual(
    expect.arrayContaining(['UNKEY_METALD_JAILER_ENABLED', 'UNKEY_METALD_TLS_MODE', 'UNKEY_METALD_NETWORK_BRIDGE']),
  );
  expect(line?.['variables']).toHaveLength(3);
});

test('samples are taken and sent at the interval and in the size that are set', async () => {
  const billaged = await startServiceProcess('billaged-sim');
  const metald = await startServiceProcess('metald-sim', {
    UNKEY_METALD_BILLING_ENDPOINT: billaged.url,
    UNKEY_METALD_BILLING_INTERVAL: '20ms',
    UNKEY_METALD_BILLING_BATCH_SIZE: '5',
    UNKEY_METALD_SIM_TIME_SCALE: '1000',
  });
  const client = vmClient(metald.url);
  const { vmId } = await client.createVm({ config: validConfig });
  await client.bootVm({ vmId });
  const page = await eventually(
    () => scrape(billaged.metricsUrl),
    (families) => readMetric(families, 'billaged_batch_size_histogram') >= 4,
  );
  // The VM still runs, so that no batch is a last one that is shorter.
  const batches = readMetric(page, 'billaged_batch_size_histogram');
  expect(readMetric(page, 'billaged_metrics_received_total')).toBe(5 * batches);
  expect(await metald.end()).toBe(0);
  expect(await billaged.end()).toBe(0);
});
