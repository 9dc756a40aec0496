import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { copyConfigForThisHost } from './local-config.ts';
import { partCommands, type StackPart, stackParts } from './stack-parts.ts';

/** Options common to the parts of one stack: their files and the addresses that they use. */
export interface PlaceOptions {
  /** The folder compose/ of the repository. */
  readonly compose: string;
  /** Folder for configuration, data and logs of the parts. */
  readonly folder: string;
  /** Folder with a subfolder of log files for each service, which the collector reads. */
  readonly serviceLogs: string;
  /** Ports on this host of the services that the parts use. */
  readonly ports: { readonly metaldMetrics: number; readonly billagedMetrics: number; readonly lab: number };
  /** Added to the usual port of every part. @default 0 */
  readonly portOffset?: number;
  /** By how much to divide durations. @default 1 */
  readonly speed?: number;
  /** A second configuration file of the collector in compose/otel-collector, such as `tail-sampling.yml`. @default none */
  readonly collectorConfig?: string;
  /** Addresses on this host of further services, by their container names. @default none */
  readonly addresses?: Readonly<Record<string, string>>;
}

/** A part with its configuration, which can be started repeatedly. */
export interface PlacedPart {
  readonly flags: readonly string[];
  /** Its data folder. */
  readonly data: string;
  /** Address for browsers. */
  readonly url: string;
  /** Answers with a success status once the part is ready. */
  readonly readyUrl: string;
  readonly logFile: string;
}

/** Copies the configuration of a part from compose/ into the folder of the stack, adapted to this host. */
export async function placePart(part: StackPart, options: PlaceOptions): Promise<PlacedPart> {
  const { compose, folder, speed = 1, collectorConfig } = options;
  const portOf = (port: number) => port + (options.portOffset ?? 0);
  const at = (port: number) => `127.0.0.1:${portOf(port)}`;
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
  return {
    flags: flags({ config, data, at, portOf, collectorConfig }),
    data,
    url: `http://${at(mainPort)}`,
    readyUrl: `http://${at(readyPort)}${readyPath}`,
    logFile: join(folder, `${part}.log`),
  };
}

type Local = Record<string, string>;

/** Every address in the configuration of the parts, with its value on this host: ports listen only on loopback. */
function addressesOnThisHost(
  { ports, addresses }: PlaceOptions,
  at: (port: number) => string,
  portOf: (port: number) => number,
): Local {
  const local: Local = {
    ...addresses,
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

/** Every folder in the configuration of a part, with its value on this host. */
function foldersOnThisHost(
  { compose, serviceLogs }: PlaceOptions,
  part: StackPart,
  config: string,
  data: string,
): Local {
  const folders: Partial<Record<StackPart, Local>> = {
    alertmanager: { '/etc/alertmanager/': `${config}/` },
    // Not its copy, so that a target that is added while the stack runs is found.
    prometheus: { 'targets/*.yml': join(compose, 'prometheus/targets/*.yml') },
    otelcol: { '/var/lib/otelcol': data, '/var/log/': `${serviceLogs}/` },
  };
  return folders[part] ?? {};
}
