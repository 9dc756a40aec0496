import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { placePart } from '@vmobs/lab/stack';
import { describe, expect, onTestFinished, test } from 'vitest';
import { memoryLimit, readComposeFile, readComposeServices } from '../support/compose-model.ts';

const services = await readComposeServices();
const byDefault = [...services].filter(([, { profiles }]) => profiles === undefined);

/** Services without a healthcheck, and why that is right. */
const withoutHealthcheck = new Map([
  ['setup', 'it ends'],
  ['scale-setup', 'it ends'],
  ['billaged', 'the image of HAProxy has nothing that could probe it; billaged-probe does'],
  ['otel-collector', 'its image has nothing that could probe it; otel-collector-probe does'],
  ...['victorialogs', 'victorialogs-storage-1', 'victorialogs-storage-2', 'victorialogs-front'].map(
    (name) => [name, `its image has nothing that could probe it; ${name}-probe does`] as const,
  ),
]);

test('the services are those of the stack, with other log stores and replicas on demand', () => {
  expect(byDefault.map(([name]) => name).sort()).toEqual([
    'alertmanager',
    'billaged-sim',
    'grafana',
    'jaeger',
    'lab',
    'metald-sim',
    'node-exporter',
    'otel-collector',
    'otel-collector-probe',
    'prometheus',
    'setup',
    'victorialogs',
    'victorialogs-probe',
  ]);
  const onDemand = [...services].filter(([, { profiles }]) => profiles !== undefined);
  expect(new Set(onDemand.flatMap(([, { profiles }]) => profiles))).toEqual(
    new Set(['elastic', 'loki', 'opensearch', 'scale']),
  );
});

test('all that stays of the default profile is limited to 1.5 GB together', () => {
  // `setup` has ended before the services begin.
  const staying = byDefault.filter(([name]) => name !== 'setup');
  const total = staying.reduce((sum, [, service]) => sum + memoryLimit(service), 0);
  expect(total).toBeLessThanOrEqual(1_536);
  expect(total).toBeGreaterThan(1_000);
});

test('a port is published by one service alone', () => {
  const published = [...services.values()].flatMap(({ ports = [] }) => ports);
  expect(new Set(published).size).toBe(published.length);
});

describe.each([...services])('%s', (name, service) => {
  test('is restarted, limited, and has no rights that it does not need', () => {
    expect(service).toMatchObject({
      restart: name.endsWith('setup') ? 'no' : 'unless-stopped',
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      logging: { options: { 'max-size': expect.stringMatching(/^\d+m$/), 'max-file': expect.any(String) } },
    });
    expect(service.cap_add).toBeUndefined();
    expect(service.privileged).toBeUndefined();
    expect(memoryLimit(service)).toBeGreaterThan(0);
  });

  test('publishes on 127.0.0.1 alone', () => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  test('takes its version from versions.env', () => {
    expect(service.image).toMatch(/^(vmobs:local|[\w./-]+:v?\$\{[A-Z_]+_VERSION\})$/);
  });

  test('has a healthcheck that needs no shell, or a reason', () => {
    if (withoutHealthcheck.has(name)) expect(service.healthcheck).toBeUndefined();
    else expect(service.healthcheck?.test[0]).toBe('CMD');
  });

  test('waits until what it needs is healthy', () => {
    for (const [needed, { condition }] of Object.entries(service.depends_on ?? {})) {
      const ends = services.get(needed)?.restart === 'no';
      const isProbe = withoutHealthcheck.has(needed) && !ends;
      expect({ needed, condition }).toEqual({
        needed,
        condition: ends ? 'service_completed_successfully' : isProbe ? 'service_started' : 'service_healthy',
      });
    }
  });

  test('keeps no password in the file', () => {
    for (const [variable, value] of Object.entries(service.environment ?? {})) {
      if (/PASSWORD|SECRET|TOKEN|_KEY/.test(variable))
        expect({ variable, value }).toEqual({ variable, value: filePath });
    }
  });
});

/** A path, which the variables that end in `__FILE` or `_FILE` have. */
const filePath: unknown = expect.stringMatching(/^\/[\w/.-]+$/);

test.each([...services].filter(([, { environment }]) => environment?.['GOMEMLIMIT'] !== undefined))(
  'GOMEMLIMIT of %s is 80 percent of its limit',
  (_name, service) => {
    const limit = Number(/^(\d+)MiB$/.exec(service.environment?.['GOMEMLIMIT'] ?? '')?.[1]);
    expect(limit).toBe(Math.floor(0.8 * memoryLimit(service)));
  },
);

/** Flags of VictoriaLogs, but for those that say where it is. */
const withoutPlace = (flags: readonly string[] = []) =>
  flags.filter((flag) => !/^-(storageDataPath|httpListenAddr|storageNode)=/.test(flag));

test('VictoriaLogs has the same flags with and without Docker but for folder and address', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vmobs-compose-files-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const ports = { metaldMetrics: 1, billagedMetrics: 2, lab: 3 };
  const { flags } = await placePart('victoria-logs', { compose: '', folder, serviceLogs: '', ports });
  expect(withoutPlace(flags).length).toBeGreaterThan(0);
  expect(withoutPlace(services.get('victorialogs')?.command)).toEqual(withoutPlace(flags));
});

test('no page of another origin reads Prometheus or the log store, with and without Docker', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vmobs-compose-files-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const compose = fileURLToPath(new URL('../../compose', import.meta.url));
  const place = { compose, folder, serviceLogs: '', ports: { metaldMetrics: 1, billagedMetrics: 2, lab: 3 } };
  const flag = { prometheus: '--web.cors.origin=none', victorialogs: '-http.disableCORS' };
  expect((await placePart('prometheus', place)).flags).toContain(flag.prometheus);
  expect((await placePart('victoria-logs', place)).flags).toContain(flag.victorialogs);
  for (const [name, { image, command }] of services) {
    if (image?.startsWith('prom/prometheus:')) expect(command, name).toContain(flag.prometheus);
    if (image?.includes('victoria-logs:')) expect(command, name).toContain(flag.victorialogs);
  }
});

test('each of two log stores is configured as the single one, and their front knows both', () => {
  const storages = ['victorialogs-storage-1', 'victorialogs-storage-2'];
  const alone = services.get('victorialogs');
  for (const name of storages) {
    const { command, user, image, mem_limit } = services.get(name) ?? {};
    expect(withoutPlace(command)).toEqual(withoutPlace(alone?.command));
    expect({ user, image, mem_limit }).toEqual({
      user: alone?.user,
      image: alone?.image,
      mem_limit: alone?.mem_limit,
    });
  }
  const front = services.get('victorialogs-front');
  expect(front?.command).toContain(`-storageNode=${storages.map((name) => `${name}:9428`).join(',')}`);
  expect(withoutPlace(alone?.command)).toEqual(expect.arrayContaining(withoutPlace(front?.command)));
  expect(front?.user).toBe(alone?.user);
});

test('the collector of the profile scale sends to the port of the front', async () => {
  const { exporters } = await readComposeFile<{ exporters: Record<string, { logs_endpoint: string }> }>(
    'otel-collector/scale.yml',
  );
  const { hostname, port } = new URL(exporters['otlp_http/victorialogs']?.logs_endpoint ?? '');
  expect(services.get(hostname)?.command).toContain(`-httpListenAddr=0.0.0.0:${port}`);
});

test('the memory limiter of the collector acts before its container is ended', async () => {
  const { processors } = await readComposeFile<{
    processors: { memory_limiter: { limit_mib: number; spike_limit_mib: number } };
  }>('otel-collector/otel-collector.yml');
  const container = services.get('otel-collector');
  expect(container).toBeDefined();
  expect(processors.memory_limiter.limit_mib).toBeLessThanOrEqual(0.8 * memoryLimit(container ?? {}));
});
