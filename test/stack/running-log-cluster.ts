import { appendFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningPart, startPart } from '@vmobs/lab/stack';
import { readComposeServices } from '../support/compose-model.ts';
import { readRows } from './ask-logs.ts';
import { portOffset } from './port-offset.ts';
import { requirePart } from './require-part.ts';
import type { StoredLine } from './running-collection.ts';
import { onDeath, placeAlone, startParts } from './start-parts.ts';

/** The log stores of the profile `scale`, as containers are called there: port on this host of each. */
const ports = {
  'victorialogs-storage-1': 9441 + portOffset,
  'victorialogs-storage-2': 9442 + portOffset,
  'victorialogs-front': 9443 + portOffset,
} as const;
export type LogStoreName = keyof typeof ports;
const names = Object.keys(ports) as LogStoreName[];

/** An answer of the front, or its refusal. */
export interface FrontAnswer {
  readonly status: number;
  readonly text: string;
  /** Empty when it has refused. */
  readonly lines: readonly StoredLine[];
}

/** The collector, and behind it two storages of VictoriaLogs with their front. */
export type RunningLogCluster = Awaited<ReturnType<typeof startLogCluster>>;

/** Starts them with the flags of compose/scale.yaml and the collector's scale.yml. */
export async function startLogCluster() {
  const folder = await mkdtemp(join(tmpdir(), 'vmobs-log-cluster-'));
  const logs = join(folder, 'logs');
  await mkdir(join(logs, 'metald'), { recursive: true });
  const signal = new AbortController().signal;
  const command = await requirePart('victoria-logs');
  const services = await readComposeServices();
  const stores = new Map<LogStoreName, RunningPart>();
  for (const name of names) {
    const data = join(folder, name);
    const url = `http://127.0.0.1:${ports[name]}`;
    const flags = services.get(name)?.command?.map((flag) => flagOnThisHost(flag, name, data)) ?? [];
    const place = { flags, data, url, readyUrl: `${url}/health`, logFile: join(folder, `${name}.log`) };
    stores.set(name, await startPart({ name, command, place, signal, onDeath }));
  }
  const placement = placeAlone(folder, {
    serviceLogs: logs,
    collectorConfig: 'scale.yml',
    addresses: { 'victorialogs-front:9428': addressOf('victorialogs-front') },
  });
  const collector = await startParts(['otelcol'], placement);

  /** Asks the front, about all that it has. */
  async function ask(query: string, more: Record<string, string> = {}): Promise<FrontAnswer> {
    const response = await fetch(`http://${addressOf('victorialogs-front')}/select/logsql/query`, {
      method: 'POST',
      body: new URLSearchParams({ query, ...more }),
    });
    const text = await response.text();
    return { status: response.status, text, lines: response.ok ? readRows<StoredLine>(text) : [] };
  }

  return {
    ask,
    /** One of the log stores, to stop it and start it again. */
    store(name: LogStoreName): RunningPart {
      const store = stores.get(name);
      if (store === undefined) throw new RangeError(`${name} is none of ${names.join(', ')}`);
      return store;
    },
    /** Appends to the log file of metald. */
    write: (text: string) => appendFile(join(logs, 'metald/metald.log'), text),
    async close() {
      await collector.stop();
      for (const name of names.toReversed()) await stores.get(name)?.stop();
      await rm(folder, { recursive: true });
    },
  };
}

const addressOf = (name: LogStoreName) => `127.0.0.1:${ports[name]}`;

/** A flag of compose/scale.yaml in its form for this host. */
function flagOnThisHost(flag: string, name: LogStoreName, data: string): string {
  const local: Readonly<Record<string, string>> = {
    ...Object.fromEntries(names.map((other) => [`${other}:9428`, addressOf(other)])),
    '0.0.0.0:9428': addressOf(name),
    '/victoria-logs-data': data,
  };
  return Object.entries(local).reduce((text, [from, to]) => text.replaceAll(from, to), flag);
}
