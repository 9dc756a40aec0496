import { runCommand, runUntilSignal } from '@vmobs/telemetry';
import { startBillaged } from './app.ts';
import { billagedPrefixes, billagedSettings, version } from './config.ts';
import { keepHeapSmall } from './small-heap.ts';

await runCommand({
  name: 'billaged-sim',
  version,
  summary:
    'A simulated billaged: billing.v1.BillingService over Connect, gRPC and gRPC-Web, with a ledger that bills each usage sample once.',
  settings: billagedSettings,
  prefixes: billagedPrefixes,
  async main(config) {
    const { telemetry, close } = await startBillaged(config);
    keepHeapSmall();
    return runUntilSignal({ close, reopenLogs: telemetry.reopenLogs, logger: telemetry.logger });
  },
});
