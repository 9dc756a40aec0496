import { runCommand } from '@vmobs/settings';
import { runUntilSignal } from '@vmobs/telemetry/command';
import { labSettings, version } from './config.ts';
import { startLab } from './start-lab.ts';

await runCommand({
  name: 'lab',
  version,
  summary: 'Runs clients of metald until Ctrl-C, receives notifications of Alertmanager, and checks the log store.',
  settings: labSettings,
  prefixes: [],
  async main(config) {
    return runUntilSignal(() => startLab(config));
  },
});
