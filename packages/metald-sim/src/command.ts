import { runCommand, runUntilSignal } from '@vmobs/telemetry';
import { startMetald } from './app.ts';
import { metaldPrefixes, metaldSettings, version } from './config.ts';
import { metaldIgnored } from './ignored-variables.ts';

await runCommand({
  name: 'metald-sim',
  version,
  summary:
    'A simulated metald: vmprovisioner.v1.VmService over Connect, gRPC and gRPC-Web, with a fleet of VMs that use and bill resources.',
  settings: metaldSettings,
  prefixes: metaldPrefixes,
  ignored: { standsFor: 'metald', groups: metaldIgnored },
  async main(config, variables) {
    const { telemetry, close } = await startMetald(config);
    if (variables.length > 0) telemetry.logger.info({ variables }, 'these are for a real metald and are ignored');
    return runUntilSignal({ close, reopenLogs: telemetry.reopenLogs, logger: telemetry.logger });
  },
});
