import { runCommand, runUntilSignal } from '@vmobs/telemetry';
import { startBillaged } from './app.ts';
import { billagedPrefixes, billagedSettings, version } from './config.ts';
import { billagedIgnored } from './ignored-variables.ts';
import { keepHeapSmall } from './small-heap.ts';

await runCommand({
  name: 'billaged-sim',
  version,
  summary:
    'A simulated billaged: billing.v1.BillingService over Connect, gRPC and gRPC-Web, with a ledger that bills each usage sample once.',
  settings: billagedSettings,
  prefixes: billagedPrefixes,
  ignored: { standsFor: 'billaged', groups: billagedIgnored },
  async main(config, variables) {
    keepHeapSmall();
    const { telemetry, close } = await startBillaged(config);
    if (variables.length > 0) telemetry.logger.info({ variables }, 'these are for a real billaged and are ignored');
    return runUntilSignal({ close, reopenLogs: telemetry.reopenLogs, logger: telemetry.logger });
  },
});
