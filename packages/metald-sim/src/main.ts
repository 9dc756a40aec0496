#!/usr/bin/env node
import { runCommand, runUntilSignal } from '@vmobs/telemetry';
import { startMetald } from './app.ts';
import { metaldPrefixes, metaldSettings, version } from './config.ts';

await runCommand({
  name: 'metald-sim',
  version,
  summary:
    'A simulated metald: vmprovisioner.v1.VmService over Connect, with a fleet of VMs that use and bill resources.',
  settings: metaldSettings,
  prefixes: metaldPrefixes,
  async main(config) {
    const { telemetry, close } = await startMetald(config);
    return runUntilSignal({ close, reopenLogs: telemetry.reopenLogs, logger: telemetry.logger });
  },
});
