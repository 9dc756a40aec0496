import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

/** Starts workers of one cluster, one after the other, with these metrics ports. @returns the URL of each, or its error */
async function startWorkers(ports: readonly string[]): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'vmobs-cluster-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'service.mjs');
  await writeFile(
    file,
    `
    import cluster from 'node:cluster';
    import { once } from 'node:events';
    import { startTelemetry } from ${JSON.stringify(import.meta.resolve('../index.ts'))};
    const identity = { name: 'shop', version: '1.0.0', envPrefix: 'SHOP' };
    if (cluster.isPrimary) {
      for (const port of ${JSON.stringify(ports)}) {
        const worker = cluster.fork({ SHOP_OTEL_PROMETHEUS_PORT: port === 'same' ? globalThis.first : port });
        const [said] = await once(worker, 'message');
        globalThis.first ??= new URL(said).port;
        console.log(said);
      }
      process.exit();
    }
    startTelemetry(identity).then(({ metricsUrl }) => process.send(metricsUrl), ({ message }) => process.send(message));
    `,
  );
  const { stdout, stderr } = spawnSync(process.execPath, [file], { env: { LOG_LEVEL: 'silent' }, encoding: 'utf8' });
  expect(stderr).toBe('');
  return stdout.trimEnd().split('\n');
}

test('each worker of a cluster has a metrics port of its own, and is refused that of another', async () => {
  const [first = '', second, ...others] = await startWorkers(['0', '0', 'same', 'same']);
  expect(second).toMatch(/^http:/);
  expect(second).not.toBe(first);
  const refusal =
    `cannot listen on ${new URL(first).host}: it is in use already; ` +
    'choose another with SHOP_OTEL_PROMETHEUS_PORT, one for each worker of the cluster';
  expect(others).toEqual([refusal, refusal]);
});
