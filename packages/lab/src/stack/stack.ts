import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type StartedProcess, startProcess } from '../processes/start-process.ts';
import { copyConfigForThisHost } from './local-config.ts';
import { partCommands, type StackPart, stackParts } from './stack-parts.ts';

export { type StackPart, stackParts } from './stack-parts.ts';

/** Options of `startStack`. */
export interface StackOptions {
  /** The folder compose/ of the repository. */
  readonly compose: string;
  /** Folder for configuration, data and logs of the parts. */
  readonly folder: string;
  /** Folder with a folder of log files for each service, which the collector reads. */
  readonly serviceLogs: string;
  /** Ports on this host of what the parts talk to besides each other. */
  readonly ports: { readonly metaldMetrics: number; readonly billagedMetrics: number; readonly lab: number };
  /** Added to the usual port of every part. @default 0 */
  readonly portOffset?: number;
  /** Paths of the programs of the parts that this machine has. */
  readonly programs: ReadonlyMap<StackPart, string>;
  /** How many times faster than written durations pass. @default 1 */
  readonly speed?: number;
  readonly signal: AbortSignal;
  readonly onDeath: (name: string, reason: string) => void;
}

/** The parts that run. */
export interface Stack {
  readonly urls: ReadonlyMap<StackPart, string>;
  /** Parts that this machine does not have. */
  readonly missing: readonly StackPart[];
  /** Ends them, the last first. */
  stop(): Promise<void>;
}

/** Starts the parts that this machine has, with the very files of compose/. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { compose, folder, programs, speed = 1, signal, onDeath } = options;
  const portOf = (port: number) => port + (options.portOffset ?? 0);
  const at = (port: number) => `127.0.0.1:${portOf(port)}`;
  const started: StartedProcess[] = [];
  const urls = new Map<StackPart, string>();
  const stop = async () => {
    for (const part of started.splice(0).reverse()) await part.stop();
  };

  try {
    for (const part of stackParts) {
      const command = programs.get(part);
      if (command === undefined) continue;
      const { folder: configFolder, mainPort, ready, flags } = partCommands[part];
      const config = join(folder, part);
      const data = join(folder, `${part}-data`);
      await mkdir(data, { recursive: true });
      if (configFolder !== undefined) {
        const local = {
          ...addressesOnThisHost(options, at, portOf),
          ...foldersOnThisHost(options, part, config, data),
        };
        await copyConfigForThisHost({ from: join(compose, configFolder), to: config, local, speed });
      }
      const [readyPort, readyPath] = ready;
      started.push(
        await startProcess({
          name: part,
          command,
          flags: flags({ config, data, at, portOf }),
          logFile: join(folder, `${part}.log`),
          readyUrl: `http://${at(readyPort)}${readyPath}`,
          signal,
          onDeath,
        }),
      );
      urls.set(part, `http://${at(mainPort)}`);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { urls, missing: stackParts.filter((part) => !programs.has(part)), stop };
}

type Local = Record<string, string>;

/** Every address in the configuration of the parts, and what it is here: one host, no port open to others. */
function addressesOnThisHost(
  { ports }: StackOptions,
  at: (port: number) => string,
  portOf: (port: number) => number,
): Local {
  const local: Local = {
    'metald-sim:9464': `127.0.0.1:${ports.metaldMetrics}`,
    'billaged-sim:9465': `127.0.0.1:${ports.billagedMetrics}`,
    'lab:8090': `127.0.0.1:${ports.lab}`,
    'host: 0.0.0.0': 'host: 127.0.0.1',
    'port: 8888': `port: ${portOf(8888)}`,
    'port: 8887': `port: ${portOf(8887)}`,
  };
  for (const part of stackParts) {
    const { ports: itsPorts, container = part } = partCommands[part];
    for (const port of itsPorts) {
      local[`${container}:${port}`] = at(port);
      local[`0.0.0.0:${port}`] = at(port);
    }
  }
  return local;
}

/** Every folder in the configuration of a part, and what it is here. */
function foldersOnThisHost(
  { compose, serviceLogs }: StackOptions,
  part: StackPart,
  config: string,
  data: string,
): Local {
  const folders: Partial<Record<StackPart, Local>> = {
    alertmanager: { '/etc/alertmanager/': `${config}/` },
    loki: { '/loki': data },
    // Not its copy: a target that is added while the stack runs is to be found.
    prometheus: { 'targets/*.yml': join(compose, 'prometheus/targets/*.yml') },
    otelcol: { '/var/lib/otelcol': data, '/var/log/': `${serviceLogs}/` },
  };
  return folders[part] ?? {};
}
