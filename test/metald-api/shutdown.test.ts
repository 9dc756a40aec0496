import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { VmService } from '@vmobs/wire/vmprovisioner';
import { expect, test } from 'vitest';
import { eventually } from '../processes/eventually.ts';
import { startServiceProcess } from '../processes/service-process.ts';
import { validConfig } from '../wire/clients.ts';

test('a gRPC call that is under way when SIGTERM comes is answered, and its open session holds nothing up', async () => {
  const metald = await startServiceProcess('metald-sim', {
    UNKEY_METALD_BILLING_ENABLED: 'false',
    UNKEY_METALD_SIM_TIME_SCALE: '4',
  });
  // This transport keeps its HTTP/2 session open between calls.
  const client = createClient(VmService, createGrpcTransport({ baseUrl: metald.url }));
  const { vmId } = await client.createVm({ config: validConfig });
  const boot = client.bootVm({ vmId });
  await eventually(
    () => client.pauseVm({ vmId }).then(() => '', String),
    (refusal) => refusal.includes('in progress'),
  );
  const status = metald.end('SIGTERM');
  expect(await boot).toMatchObject({ success: true });
  expect(await status).toBe(0);
});
