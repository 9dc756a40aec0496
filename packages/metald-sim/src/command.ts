import { runCommand } from '@vmobs/settings';
import { runUntilSignal } from '@vmobs/telemetry/command';
import { startMetald } from './app.ts';
import { metaldIgnored, metaldPrefixes, metaldSettings, version } from './config.ts';

await runCommand({
  name: 'metald-sim',
  version,
  summary:
    'A simulated metald: vmprovisioner.v1.VmService over Connect, gRPC and gRPC-Web, with a fleet of VMs that use and bill resources.',
  settings: metaldSettings,
  prefixes: metaldPrefixes,
  ignored: { standsFor: 'metald', groups: metaldIgnored },
  async main(config, variables) {
    return runUntilSignal(async (signal) => {
      const { telemetry, close } = await startMetald({ ...config, signal });
      if (variables.length > 0)
        telemetry.logger.info({ variables }, 'ignoring variables that only the real metald uses');
      return { close, reopenLogs: telemetry.reopenLogs, logger: telemetry.logger };
    });
  },
});
