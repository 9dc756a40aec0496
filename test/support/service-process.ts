import { type LogLine, untilReady } from '@vmobs/testing';
import { type CommandName, startCommand } from './command.ts';

/** A service that runs as a process of its own and is ready. */
export interface ServiceProcess {
  /** Address of the API and of the metrics port, as its log says. */
  readonly url: string;
  readonly metricsUrl: string;
  /** The lines of its log up to now. */
  log(): readonly LogLine[];
  signal(name: NodeJS.Signals): void;
  /** Sends a signal and waits. @returns the exit status */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts one of the two services, on free ports and with a ledger in memory unless told otherwise, and waits until it says that it is ready. */
export async function startServiceProcess(
  name: Exclude<CommandName, 'demo'>,
  env: Readonly<Record<string, string>> = {},
  metricsPort = 0,
): Promise<ServiceProcess> {
  const ledger = name === 'billaged-sim' && env['BILLAGED_DATABASE'] === undefined ? ['--database=:memory:'] : [];
  const command = startCommand(name, ['--port=0', `--metrics-port=${metricsPort}`, ...ledger], env);
  return {
    ...(await untilReady(command)),
    log: command.log,
    signal: command.signal,
    async end(signal = 'SIGTERM') {
      command.signal(signal);
      return (await command.ended()).status;
    },
  };
}
