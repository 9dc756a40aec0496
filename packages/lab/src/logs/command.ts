import { runCommand } from '@vmobs/settings';
import packageJson from '../../package.json' with { type: 'json' };
import { type LogsCommandConfig, logsCommandSettings, repairCommandSettings } from './config.ts';
import { runLogsCommand } from './run-logs-command.ts';

const summaries = {
  check:
    'Compares the log store with the log files of the services, line by line, and reports missing and duplicate lines.',
  repair: 'Sends only the missing lines from the log files of the services to the log store.',
} as const;

const usage = `Usage: logs check|repair [flags]

  check   ${summaries.check}
  repair  ${summaries.repair}

\`logs check --help\` and \`logs repair --help\` list the flags.
`;

const { version } = packageJson;
const [order = '', ...argv] = process.argv.slice(2);
if (['--help', '-h', 'help'].includes(order)) {
  process.stdout.write(usage);
} else if (order === '--version' || order === '-v') {
  process.stdout.write(`logs ${version}\n`);
} else if (order !== 'check' && order !== 'repair') {
  process.stderr.write(`logs: ${order === '' ? 'no command given' : `unknown command ${order}`}\n\n${usage}`);
  process.exit(2);
} else {
  const command = {
    name: `logs ${order}`,
    version,
    summary: summaries[order],
    argv,
    prefixes: [],
    statuses: { 3: 'lines are missing or overdue' },
  };
  const main = (config: LogsCommandConfig) => runLogsCommand(order, config, argv);
  if (order === 'check') await runCommand({ ...command, settings: logsCommandSettings, main });
  else await runCommand({ ...command, settings: repairCommandSettings, main });
}
