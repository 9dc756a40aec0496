import { metaldSettings, version } from '@vmobs/metald-sim/config';
import { occupyPort } from '@vmobs/testing';
import { expect, test } from 'vitest';
import { startCommandInTest } from '../support/command.ts';

const freePorts = ['--port=0', '--metrics-port=0'];

test('--help lists every flag and every variable', async () => {
  const { status, stdout, stderr } = await startCommandInTest('metald-sim', ['--help']).ended();
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  for (const { variables, flag } of Object.values<{ variables: readonly string[]; flag?: string }>(metaldSettings)) {
    for (const variable of variables) {
      expect(stdout).toMatch(new RegExp(`\\b${variable.startsWith('_') ? 'UNKEY_METALD' : ''}${variable}\\b`));
    }
    if (flag !== undefined) expect(stdout).toMatch(new RegExp(`--(\\[no-\\])?${flag}\\b`));
  }
  expect(stdout).toContain('UNKEY_METALD_BILLING_INTERVAL');
});

test('--help is in groups, each variable in the one that it is looked for in', async () => {
  const { stdout } = await startCommandInTest('metald-sim', ['--help']).ended();
  const blocks = stdout.split('\n\n').filter((block) => /^[A-Z].*:\n/.test(block));
  const groups = new Map(blocks.map((block) => [block.slice(0, block.indexOf(':')), block]));
  expect([...groups.keys()]).toEqual([
    ...['Server', 'Fleet', 'Billing', 'Faults', 'Traces', 'Metrics', 'Access', 'Logs'],
    'Accepted and ignored, because the real metald reads them',
  ]);
  for (const [group, variable] of [
    ['Server', 'UNKEY_METALD_MAX_PROCESSES'],
    ['Fleet', 'UNKEY_METALD_SIM_VMS'],
    ['Billing', 'UNKEY_METALD_BILLING_INTERVAL'],
    ['Faults', 'SIM_CONTROL'],
    ['Traces', 'UNKEY_METALD_OTEL_SAMPLING_RATE'],
    ['Metrics', 'UNKEY_METALD_OTEL_HIGH_CARDINALITY_ENABLED'],
    ['Logs', 'LOG_FILE'],
  ] as const) {
    expect(groups.get(group)).toMatch(new RegExp(`^  .*\\b${variable}( |$)`, 'm'));
  }
});

test('--version says which one it is', async () => {
  expect(await startCommandInTest('metald-sim', ['--version']).ended()).toEqual({
    status: 0,
    stdout: `metald-sim ${version}\n`,
    stderr: '',
  });
});

test('an unknown flag is refused in one line', async () => {
  const { status, stdout, stderr } = await startCommandInTest('metald-sim', ['--prot=1']).ended();
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^metald-sim: .*'--prot'.*--help.*\n$/);
});

test('every variable that cannot be used is named with what would do', async () => {
  const { status, stdout, stderr } = await startCommandInTest('metald-sim', freePorts, {
    UNKEY_METALD_MAX_PROCESSES: '0',
    UNKEY_METALD_BILLING_INTERVAL: '100',
  }).ended();
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr.trimEnd().split('\n')).toEqual([
    'metald-sim: 2 settings cannot be used',
    '  UNKEY_METALD_MAX_PROCESSES="0": allowed is a whole number from 1 to 1000000',
    '  UNKEY_METALD_BILLING_INTERVAL="100": allowed is a duration above zero such as 100ms, 30s or 1m30s, up to 596h',
  ]);
});

test.for([
  { taken: '--port', other: '--metrics-port', variable: 'UNKEY_METALD_PORT' },
  { taken: '--metrics-port', other: '--port', variable: 'UNKEY_METALD_OTEL_PROMETHEUS_PORT' },
])('a port that is taken is one line that names $taken', async ({ taken, other, variable }) => {
  const port = await occupyPort();
  const { status, stderr } = await startCommandInTest('metald-sim', [
    `${taken}=${port}`,
    `${other}=0`,
    '--no-billing',
  ]).ended();
  expect(status).toBe(1);
  expect(stderr).toMatch(
    new RegExp(`^metald-sim: .*127\\.0\\.0\\.1:${port}.*is in use already.* ${variable} or ${taken}\\n$`),
  );
});

test('without billaged it runs, says so in its log, and ends with SIGTERM', async () => {
  // Port 1 needs rights to listen on, and nothing does.
  const metald = startCommandInTest('metald-sim', [...freePorts, '--billing-endpoint=http://127.0.0.1:1']);
  const logged = (line: Record<string, unknown>) =>
    expect.poll(metald.log).toContainEqual(expect.objectContaining(line));
  await logged({ level: 'warn', msg: 'sending a heartbeat failed', error: expect.stringContaining('ECONNREFUSED') });
  await logged({ msg: 'metald is ready' });
  const ready = metald.log().find(({ msg }) => msg === 'metald is ready');
  for (const url of [ready?.['url'], ready?.['metrics_url']]) {
    const response = await fetch(`${url}/ready`);
    expect([response.status, await response.json()]).toEqual([200, { status: 'ready', service: 'metald' }]);
  }
  metald.signal('SIGTERM');
  expect(await metald.ended()).toMatchObject({ status: 0, stderr: '' });
});
