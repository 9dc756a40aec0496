import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { createHostHealth } from './host-health.ts';

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
