import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { copyConfigForThisHost } from './local-config.ts';
import { partCommands, type StackPart, stackParts } from './stack-parts.ts';

/** What the parts of one stack have in common: where their files are, and whom they talk to. */
export interface PlaceOptions {
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
  /** How many times faster than written durations pass. @default 1 */
  readonly speed?: number;
  /** Whether the collector chooses the traces that are kept, by tail-sampling.yml. @default false */
  readonly tailSampling?: boolean;
}

/** A part with its configuration in its place, ready to be run as often as one likes. */
export interface PlacedPart {
  readonly flags: readonly string[];
  /** Folder of what it keeps. */
  readonly data: string;
  /** What people look at. */
  readonly url: string;
  /** Answers with success once the part is ready. */
  readonly readyUrl: string;
  readonly logFile: string;
}

/** Copies the configuration of a part from compose/ into the folder of the stack, in its form for this host. */
export async function placePart(part: StackPart, options: PlaceOptions): Promise<PlacedPart> {
  const { compose, folder, speed = 1, tailSampling = false } = options;
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
    flags: flags({ config, data, at, portOf, tailSampling }),
    data,
    url: `http://${at(mainPort)}`,
    readyUrl: `http://${at(readyPort)}${readyPath}`,
    logFile: join(folder, `${part}.log`),
  };
}

type Local = Record<string, string>;

/** Every address in the configuration of the parts, and what it is here: one host, no port open to others. */
function addressesOnThisHost(
  { ports }: PlaceOptions,
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
  { compose, serviceLogs }: PlaceOptions,
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
