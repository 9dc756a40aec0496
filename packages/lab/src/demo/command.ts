import { runCommand } from '@vmobs/telemetry';
import packageJson from '../../package.json' with { type: 'json' };
import { demoSettings } from './config.ts';
import { runDemo } from './run-demo.ts';

await runCommand({
  name: 'demo',
  version: packageJson.version,
  summary:
    'Starts billaged-sim, metald-sim and clients that use them, and shows what goes on until Ctrl-C. The variables of the two services hold here, too.',
  settings: demoSettings,
  prefixes: [],
  main: runDemo,
});
