import { billagedPrefixes, billagedSettings, version } from '@vmobs/billaged-sim/config';
import { occupyPort, untilReady } from '@vmobs/testing';
import { expect, test } from 'vitest';
import { startCommandInTest } from '../support/command.ts';
import { startServiceProcess } from '../support/service-process.ts';

const freePorts = ['--port=0', '--metrics-port=0', '--database=:memory:'];

async function startReady(env: Record<string, string>) {
  const billaged = startCommandInTest('billaged-sim', freePorts, env);
  return { ...billaged, ...(await untilReady(billaged)) };
}

test('--help lists every flag and every variable with both prefixes', async () => {
  const { status, stdout, stderr } = await startCommandInTest('billaged-sim', ['--help']).ended();
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const settings = Object.values<{ variables: readonly string[]; flag?: string }>(billagedSettings);
  for (const { variables, flag } of settings) {
    const names = variables.flatMap((name) =>
      name.startsWith('_') ? billagedPrefixes.map((prefix) => prefix + name) : [name],
    );
    for (const name of names) expect(stdout).toMatch(new RegExp(`(?<=\\s)${name}\\b`));
    if (flag !== undefined) expect(stdout).toMatch(new RegExp(`--(\\[no-\\])?${flag}\\b`));
  }
  expect(stdout).toContain('UNKEY_BILLAGED_AGGREGATION_INTERVAL  BILLAGED_AGGREGATION_INTERVAL');
});

test('--version says which one it is', async () => {
  expect(await startCommandInTest('billaged-sim', ['--version']).ended()).toEqual({
    status: 0,
    stdout: `billaged-sim ${version}\n`,
    stderr: '',
  });
});

test('an unknown flag is refused in one line', async () => {
  const { status, stdout, stderr } = await startCommandInTest('billaged-sim', ['--prot=1']).ended();
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^billaged-sim: .*'--prot'.*--help.*\n$/);
});

test('every variable that cannot be used is named with what would do', async () => {
  const { status, stdout, stderr } = await startCommandInTest('billaged-sim', [], {
    BILLAGED_PORT: '65536',
    UNKEY_BILLAGED_AGGREGATION_INTERVAL: 'soon',
  }).ended();
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr.trimEnd().split('\n')).toEqual([
    'billaged-sim: 2 settings cannot be used',
    '  BILLAGED_PORT="65536": allowed is a port from 0 to 65535',
    '  UNKEY_BILLAGED_AGGREGATION_INTERVAL="soon": allowed is a duration above zero such as 100ms, 30s or 1m30s, up to 596h',
  ]);
});

test.for([
  { taken: '--port', other: '--metrics-port', variable: 'BILLAGED_PORT' },
  { taken: '--metrics-port', other: '--port', variable: 'BILLAGED_OTEL_PROMETHEUS_PORT' },
])('a port that is taken is one line that names $taken', async ({ taken, other, variable }) => {
  const port = await occupyPort();
  const { status, stderr } = await startCommandInTest('billaged-sim', [
    `${taken}=${port}`,
    `${other}=0`,
    '--database=:memory:',
  ]).ended();
  expect(status).toBe(1);
  expect(stderr).toMatch(
    new RegExp(`^billaged-sim: .*127\\.0\\.0\\.1:${port}.*is in use already.*${variable} or ${taken}\\n$`),
  );
});

test.for([
  { env: { BILLAGED_AGGREGATION_INTERVAL: '30s' }, interval: '30s' },
  { env: { BILLAGED_AGGREGATION_INTERVAL: '30s', UNKEY_BILLAGED_AGGREGATION_INTERVAL: '90s' }, interval: '1m30s' },
])('of both prefixes the first that is set wins: $interval', async ({ env, interval }) => {
  const billaged = await startReady(env);
  expect(await (await fetch(`${billaged.url}/stats`)).json()).toMatchObject({ aggregation_interval: interval });
});

test('it is ready on both ports, and SIGTERM ends it with status 0', async () => {
  const billaged = await startReady({});
  for (const url of [billaged.url, billaged.metricsUrl]) {
    const response = await fetch(`${url}/ready`);
    expect([response.status, await response.json()]).toEqual([
      200,
      { status: 'ready', service: 'billaged', checks: { ledger: 'ok' } },
    ]);
  }
  billaged.signal('SIGTERM');
  expect(await billaged.ended()).toMatchObject({ status: 0, stderr: '' });
});

test('variables of the real billaged are ignored and named in the log', async () => {
  const { stdout } = await startCommandInTest('billaged-sim', ['--help']).ended();
  const [read = '', ignored = ''] = stdout.split('Accepted and ignored, because the real billaged reads them');
  expect(ignored).toContain('UNKEY_BILLAGED_TLS_*  UNKEY_BILLAGED_SPIFFE_SOCKET');
  expect(read).not.toContain('SPIFFE');
  const { log, end } = await startServiceProcess('billaged-sim', {
    UNKEY_BILLAGED_TLS_MODE: 'spiffe',
    BILLAGED_SPIFFE_SOCKET: '/var/lib/spire/agent/agent.sock',
    BILLAGED_AGGREGATION_INTERVAL: '60s',
  });
  expect(await end()).toBe(0);
  const line = log().find(({ msg }) => msg === 'ignoring variables that only the real billaged uses');
  expect(line?.['variables']).toEqual(['UNKEY_BILLAGED_TLS_MODE', 'BILLAGED_SPIFFE_SOCKET']);
});
