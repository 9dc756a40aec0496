import { runCommand } from '@vmobs/settings';
import { runUntilSignal } from '@vmobs/telemetry/command';
import { startBillaged } from './app.ts';
import { billagedIgnored, billagedPrefixes, billagedSettings, version } from './config.ts';
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
    return runUntilSignal(async (signal) => {
      const { telemetry, close, backUp } = await startBillaged({ ...config, signal });
      process.on('SIGUSR2', backUp);
      if (variables.length > 0)
        telemetry.logger.info({ variables }, 'ignoring variables that only the real billaged uses');
      return { close, reopenLogs: telemetry.reopenLogs, logger: telemetry.logger };
    });
  },
});
