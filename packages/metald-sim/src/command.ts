import { runCommand } from '@vmobs/settings';
import { runUntilSignal } from '@vmobs/telemetry/command';
import { startMetald } from './app.ts';
import { metaldIgnored, metaldPrefixes, metaldSettings, version } from './config.ts';
import { resendSetAside, resendSettings, resendStatuses } from './resend-set-aside.ts';

const [word, ...rest] = process.argv.slice(2);

if (word === 'resend-set-aside') {
  await runCommand({
    name: 'metald-sim resend-set-aside',
    version,
    summary:
      'Sends the batches again that billaged has rejected and metald has set aside in its spool, and removes those that are accepted now. metald may run meanwhile; billaged bills each sample once, so the command can be repeated.',
    argv: rest,
    settings: resendSettings,
    statuses: resendStatuses,
    prefixes: metaldPrefixes,
    main: (config) => resendSetAside(config, (line) => void process.stdout.write(`${line}\n`)),
  });
}

await runCommand({
  name: 'metald-sim',
  version,
  summary:
    'A simulated metald: vmprovisioner.v1.VmService over Connect, gRPC and gRPC-Web, with a fleet of VMs that use and bill resources. `metald-sim resend-set-aside --help` describes the command that bills batches that billaged has rejected.',
  settings: metaldSettings,
  prefixes: metaldPrefixes,
  ignored: { standsFor: 'metald', groups: metaldIgnored },
  async main(config, variables) {
    return runUntilSignal(async (signal) => {
      const { telemetry, close } = await startMetald({ ...config, signal });
      if (variables.length > 0)
        telemetry.logger.info({ variables }, 'ignoring variables that only the real metald uses');
      return { close, reopenLogs: telemetry.reopenLogs, logger: telemetry.logger };
    });
  },
});
