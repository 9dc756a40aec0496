#!/usr/bin/env node
import { runCommand } from '@vmobs/settings';
import packageJson from '../../package.json' with { type: 'json' };
import { setupSettings } from './config.ts';
import { keepDatabaseSecrets } from './database-secrets.ts';
import { keepPassword } from './password-file.ts';

await runCommand({
  name: 'lab-setup',
  version: packageJson.version,
  summary:
    'Prepares the volumes of the containers: draws the passwords of Grafana and of the database where there are none.',
  settings: setupSettings,
  prefixes: [],
  async main({ grafanaPasswordFile, showGrafanaPassword, databaseSecrets }) {
    const say = (isNew: boolean, what: string) =>
      process.stdout.write(`${isNew ? 'drew' : 'kept'} the password of ${what}\n`);
    if (grafanaPasswordFile !== '') {
      const { password, isNew } = await keepPassword(grafanaPasswordFile);
      if (showGrafanaPassword) process.stdout.write(`${password}\n`);
      else say(isNew, `Grafana's admin: ${grafanaPasswordFile}`);
    }
    if (databaseSecrets !== '') {
      const { isNew } = await keepDatabaseSecrets(databaseSecrets);
      say(isNew, `the database: ${databaseSecrets}`);
    }
    return 0;
  },
});
