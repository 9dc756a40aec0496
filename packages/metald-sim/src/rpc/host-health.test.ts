import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { createHostHealth, goDuration } from './host-health.ts';

test('a backend that cannot be reached makes the host degraded, and says why', async () => {
  const app = Fastify();
  const pingBackend = async () => {
    throw new Error('connect ENOENT /tmp/firecracker.sock');
  };
  await app.register(createHostHealth({ version: '1.2.3', backend: 'firecracker', pingBackend }));
  const response = await app.inject('/_/health');
  expect(response.statusCode).toBe(503);
  expect(response.json()).toMatchObject({
    status: 'degraded',
    version: '1.2.3',
    backend: { type: 'firecracker', status: 'degraded', error: 'connect ENOENT /tmp/firecracker.sock' },
    checks: {
      backend_ping: { status: 'degraded', error: 'connect ENOENT /tmp/firecracker.sock' },
      system_info: { status: 'healthy' },
    },
  });
  await app.close();
});

test.for([
  [0, '0s'],
  [0.25, '0.00025s'],
  [1_500, '1.5s'],
  [60_000, '1m0s'],
  [111_344.155832, '1m51.344155832s'],
  [3_600_000, '1h0m0s'],
  [90_061_001, '25h1m1.001s'],
] as const)('%d ms is written as %s, as by Go', ([milliseconds, text]) => {
  expect(goDuration(milliseconds)).toBe(text);
});

test('a client of the original can decode durations, uptime and architecture', async () => {
  const app = Fastify();
  await app.register(createHostHealth({ version: '1', backend: 'firecracker', pingBackend: async () => undefined }));
  const { system, checks } = (await app.inject('/_/health')).json();
  for (const { duration_ms } of [checks.backend_ping, checks.system_info])
    expect(Number.isSafeInteger(duration_ms)).toBe(true);
  // That of the service, not that of the host.
  expect(system.uptime).toMatch(/^(\d+m)?\d+(\.\d+)?s$/);
  expect(system.cpu.architecture).not.toBe('x64');
  await app.close();
});
