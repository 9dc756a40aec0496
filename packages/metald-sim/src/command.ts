import { runCommand, runUntilSignal } from '@vmobs/telemetry';
import { startMetald } from './app.ts';
import { metaldPrefixes, metaldSettings, version } from './config.ts';
import { describeIgnoredVariables, findIgnoredVariables } from './ignored-variables.ts';

await runCommand({
  name: 'metald-sim',
  version,
  summary:
    'A simulated metald: vmprovisioner.v1.VmService over Connect, gRPC and gRPC-Web, with a fleet of VMs that use and bill resources.',
  settings: metaldSettings,
  prefixes: metaldPrefixes,
  notes: describeIgnoredVariables(metaldPrefixes[0]),
  async main(config) {
    const { telemetry, close } = await startMetald(config);
    const variables = findIgnoredVariables(process.env, metaldPrefixes[0]);
    if (variables.length > 0) telemetry.logger.info({ variables }, 'these are for a real metald and are ignored');
    return runUntilSignal({ close, reopenLogs: telemetry.reopenLogs, logger: telemetry.logger });
  },
});
