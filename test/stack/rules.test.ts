import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { requirePart } from './require-part.ts';
import { compose } from './start-parts.ts';

const run = promisify(execFile);

describe('promtool', async () => {
  const promtool = await requirePart('promtool');
  const tests = (await readdir(join(compose, 'prometheus/tests'))).filter((file) => file.endsWith('.test.yml'));

  test('accepts the configuration and every rule, without a remark', async () => {
    const { stdout } = await run(promtool, [
      'check',
      'config',
      '--lint=all',
      '--lint-fatal',
      join(compose, 'prometheus/prometheus.yml'),
    ]);
    expect(stdout).toMatch(/SUCCESS/);
  });

  test.each(tests)('finds every alert as %s has it', async (file) => {
    const { stdout } = await run(promtool, ['test', 'rules', join(compose, 'prometheus/tests', file)]);
    expect(stdout).toMatch(/SUCCESS/);
  });
});

describe('amtool', async () => {
  const amtool = await requirePart('amtool');
  const config = join(compose, 'alertmanager/alertmanager.yml');

  test('accepts the configuration', async () => {
    expect((await run(amtool, ['check-config', config])).stdout).toMatch(/SUCCESS/);
  });

  test.each([
    ['a critical alert of the platform', ['severity=critical', 'team=platform'], 'lab,pagerduty'],
    ['a critical alert of billing', ['severity=critical', 'team=billing'], 'lab,pagerduty'],
    ['a warning of the platform', ['severity=warning', 'team=platform'], 'lab,slack'],
    ['a warning of billing', ['severity=warning', 'team=billing'], 'lab,slack'],
    ['an alert without a severity', ['team=platform'], 'lab'],
    ['the Watchdog', ['alertname=Watchdog', 'severity=none'], 'dead-mans-switch'],
  ])('sends %s where it belongs', async (_what, labels, receivers) => {
    await run(amtool, [
      'config',
      'routes',
      'test',
      `--config.file=${config}`,
      `--verify.receivers=${receivers}`,
      ...labels,
    ]);
  });
});
