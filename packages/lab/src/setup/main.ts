#!/usr/bin/env node
import { runCommand } from '@vmobs/telemetry';
import packageJson from '../../package.json' with { type: 'json' };
import { setupSettings } from './config.ts';
import { keepPassword } from './password-file.ts';

await runCommand({
  name: 'lab-setup',
  version: packageJson.version,
  summary: 'Prepares the volumes of the containers: draws the password of Grafana where there is none.',
  settings: setupSettings,
  prefixes: [],
  async main({ grafanaPasswordFile, showGrafanaPassword }) {
    const { password, isNew } = await keepPassword(grafanaPasswordFile);
    if (showGrafanaPassword) process.stdout.write(`${password}\n`);
    else process.stdout.write(`${isNew ? 'drew' : 'kept'} the password of Grafana's admin: ${grafanaPasswordFile}\n`);
    return 0;
  },
});
