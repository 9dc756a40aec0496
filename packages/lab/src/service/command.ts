import { runCommand, runUntilSignal } from '@vmobs/telemetry';
import { labSettings, version } from './config.ts';
import { startLab } from './start-lab.ts';

await runCommand({
  name: 'lab',
  version,
  summary: 'Clients that use metald until Ctrl-C, and the address where Alertmanager delivers.',
  settings: labSettings,
  prefixes: [],
  async main(config) {
    const { close, logger } = await startLab(config);
    return runUntilSignal({ close, logger });
  },
});
