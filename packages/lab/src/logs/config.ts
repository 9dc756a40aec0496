import { CommandError, kinds, type SettingValues, setting } from '@vmobs/settings';
import { findRunningDemo } from '../demo/running-demos.ts';
import { createElasticsearchStore } from './elasticsearch-store.ts';
import type { LogStore } from './log-store.ts';
import { createLokiStore } from './loki-store.ts';
import { createVictoriaLogsStore } from './victorialogs-store.ts';

/** Supported log stores with their default addresses. */
const stores = {
  victorialogs: { create: createVictoriaLogsStore, url: 'http://127.0.0.1:9428' },
  elasticsearch: { create: createElasticsearchStore, url: 'http://127.0.0.1:9200' },
  loki: { create: createLokiStore, url: 'http://127.0.0.1:3100' },
} as const;

const storeNames = ['victorialogs', 'elasticsearch', 'loki'] as const;

const folders: kinds.SettingKind<readonly string[]> = {
  allowed: 'folders, separated by commas',
  format: (list) => list.join(',') || 'none',
  parse: (value) =>
    value
      .split(',')
      .map((folder) => folder.trim())
      .filter((folder) => folder !== ''),
};

/** Settings of the log files and the log store. */
export const logSettings = {
  logStore: setting({
    variables: ['VMOBS_LOG_STORE'],
    flag: 'store',
    kind: kinds.oneOf(...storeNames),
    default: 'victorialogs',
    help: 'type of the log store; for OpenSearch, use elasticsearch',
  }),
  logStoreUrl: setting({
    variables: ['VMOBS_LOG_STORE_URL'],
    flag: 'store-url',
    kind: kinds.text,
    default: '',
    help: 'address of the log store; default: that of the running demo, or with --files its usual port on this machine',
  }),
  logFiles: setting({
    variables: ['VMOBS_LOG_FILES'],
    flag: 'files',
    kind: folders,
    default: [],
    help: "folders with the services' *.log files; default: those of the running demo",
  }),
};

/** Settings of `pnpm logs`. */
export const logsCommandSettings = {
  ...logSettings,
  sinceMs: setting({
    variables: [],
    flag: 'since',
    kind: kinds.duration,
    default: 3_600_000,
    help: 'how far back to compare lines',
  }),
  settleMs: setting({
    variables: [],
    flag: 'settle',
    kind: kinds.duration,
    default: 30_000,
    help: 'how long a gap may take to close before its lines count as missing',
  }),
  json: setting({
    variables: [],
    flag: 'json',
    kind: kinds.boolean,
    default: false,
    help: 'print the report as JSON',
  }),
};

/** Settings of `pnpm logs repair`. */
export const repairCommandSettings = {
  ...logsCommandSettings,
  alsoWaiting: setting({
    variables: [],
    flag: 'also-waiting',
    kind: kinds.boolean,
    default: false,
    help: 'also send lines that have waited longer than --settle, if the collector will not run again',
  }),
};

/** Values of the settings of `pnpm logs`; a check sends nothing. */
export type LogsCommandConfig = SettingValues<typeof logsCommandSettings> &
  Partial<Pick<SettingValues<typeof repairCommandSettings>, 'alsoWaiting'>>;

/** The log files and the log store. */
export interface LogPlaces {
  readonly folders: readonly string[];
  readonly store: LogStore;
}

/**
 * Finds the log files and the store, from the settings or from the running demo.
 *
 * @throws CommandError when there are no files, or the address is invalid
 */
export async function findLogPlaces(
  { logStore, logStoreUrl, logFiles }: SettingValues<typeof logSettings>,
  findDemo = findRunningDemo,
): Promise<LogPlaces> {
  const demo = logFiles.length > 0 ? undefined : await findDemo();
  const folders = demo?.logFolders ?? logFiles;
  if (folders.length === 0) {
    throw new CommandError(
      'no running demo was found, and --files is not set; start one with `npx -y pnpm@12 demo`, or name the folders of the log files with --files',
    );
  }
  const { create, url: usual } = stores[logStore];
  const ofDemo = logStore === 'victorialogs' ? demo?.logStoreUrl : undefined;
  // A store on the usual port would belong to something else.
  if (ofDemo === null && logStoreUrl === '') {
    throw new CommandError(
      'the running demo has no log store; build it with `npx -y pnpm@12 parts` and restart the demo, or set --store-url',
    );
  }
  const url = logStoreUrl || ofDemo || usual;
  if (URL.parse(url)?.protocol.startsWith('http') !== true) {
    throw new CommandError(`${url} is not the address of a log store; use one such as ${usual}`);
  }
  return { folders, store: create(url) };
}
