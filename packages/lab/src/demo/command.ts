import { runCommand } from '@vmobs/settings';
import packageJson from '../../package.json' with { type: 'json' };
import { demoSettings } from './config.ts';
import { runDemo } from './run-demo.ts';

await runCommand({
  name: 'demo',
  version: packageJson.version,
  summary:
    'Starts billaged-sim, metald-sim and clients, and shows their status until Ctrl-C. The environment variables of both services apply as well.',
  settings: demoSettings,
  prefixes: [],
  main: runDemo,
});
