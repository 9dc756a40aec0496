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
    'Prepares the volumes of the containers: draws the passwords of Grafana and of the database, and the token of billing, where there are none.',
  settings: setupSettings,
  prefixes: [],
  async main({ grafanaPasswordFile, showGrafanaPassword, databaseSecrets, billingTokenFile }) {
    const say = (isNew: boolean, what: string) => process.stdout.write(`${isNew ? 'drew' : 'kept'} the ${what}\n`);
    if (grafanaPasswordFile !== '') {
      const { password, isNew } = await keepPassword(grafanaPasswordFile);
      if (showGrafanaPassword) process.stdout.write(`${password}\n`);
      else say(isNew, `password of Grafana's admin: ${grafanaPasswordFile}`);
    }
    if (databaseSecrets !== '') {
      const { isNew } = await keepDatabaseSecrets(databaseSecrets);
      say(isNew, `password of the database: ${databaseSecrets}`);
    }
    if (billingTokenFile !== '') {
      const { isNew } = await keepPassword(billingTokenFile);
      say(isNew, `token of billing: ${billingTokenFile}`);
    }
    return 0;
  },
});
