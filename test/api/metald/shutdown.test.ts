import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { VmService } from '@vmobs/wire/vmprovisioner';
import { expect, test } from 'vitest';
import { bootUnderWay } from '../../support/clients.ts';
import { startServiceProcess } from '../../support/service-process.ts';

test('a gRPC call in flight at SIGTERM is answered, and its open session delays nothing', async () => {
  const metald = await startServiceProcess('metald-sim', {
    UNKEY_METALD_BILLING_ENABLED: 'false',
    UNKEY_METALD_SIM_TIME_SCALE: '4',
  });
  // This transport keeps its HTTP/2 session open between calls.
  const client = createClient(VmService, createGrpcTransport({ baseUrl: metald.url }));
  const boot = await bootUnderWay(client);
  const status = metald.end('SIGTERM');
  expect(await boot()).toMatchObject({ success: true });
  expect(await status).toBe(0);
});
