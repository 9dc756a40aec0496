import { controlSettings } from '@vmobs/faults';
import { kinds, readSettings, type SettingValues, setting, settingGroup, telemetrySettings } from '@vmobs/telemetry';
import packageJson from '../package.json' with { type: 'json' };
import { defaultFile } from './ledger/default-file.ts';
import { retentionKind } from './ledger/retention.ts';

/** Version of the simulated service. */
export const version = packageJson.version;

/** Prefixes of the environment variables: the later ones of the real service, then those of the guide. */
export const billagedPrefixes = ['UNKEY_BILLAGED', 'BILLAGED'] as const;

/**
 * Everything that can be set. Names and defaults are those of the real service, except that it listens on all
 * addresses (docs/decisions/0003-listen-on-loopback.md).
 */
export const billagedSettings = {
  ...settingGroup('Server', {
    port: setting({
      variables: ['_PORT'],
      flag: 'port',
      kind: kinds.port,
      default: 8081,
      help: 'port of the API; 0 takes a free one',
    }),
    address: setting({
      variables: ['_ADDRESS'],
      flag: 'address',
      kind: kinds.text,
      default: '127.0.0.1',
      help: 'address that the API listens on',
    }),
    maxRequestBytes: setting({
      variables: ['_MAX_REQUEST_BYTES'],
      flag: 'max-request-bytes',
      kind: kinds.integer({ min: 1_024, max: 64 * 1024 ** 2 }),
      default: 1024 ** 2,
      help: 'largest request that is read; a batch of 1000 samples has at most 430 KB in JSON',
    }),
    maxBatchesInFlight: setting({
      variables: ['_MAX_BATCHES_IN_FLIGHT'],
      flag: 'max-batches-in-flight',
      kind: kinds.integer({ min: 1, max: 1_000_000 }),
      default: 2_000,
      help: 'batches that may wait for the ledger before more are refused',
    }),
    maxBytesInFlight: setting({
      variables: ['_MAX_BYTES_IN_FLIGHT'],
      flag: 'max-bytes-in-flight',
      kind: kinds.integer({ min: 1_024, max: 4 * 1024 ** 3 }),
      default: 64 * 1024 ** 2,
      help: 'bytes of batches that may wait for the ledger before more are refused',
    }),
  }),
  ...settingGroup('Billing', {
    aggregationIntervalMs: setting({
      variables: ['_AGGREGATION_INTERVAL'],
      flag: 'aggregation-interval',
      kind: kinds.duration,
      default: 60_000,
      help: 'time between two usage summaries',
    }),
    retentionHours: setting({
      variables: ['_RETENTION'],
      flag: 'retention',
      kind: retentionKind,
      default: 0,
      help: 'how long runs of samples are kept one by one; older ones become totals of an hour, and late samples for them are refused',
    }),
  }),
  ...settingGroup('Ledger', {
    database: setting({
      variables: ['_DATABASE'],
      flag: 'database',
      kind: kinds.text,
      default: defaultFile,
      help: 'file of the ledger, for this process alone; :memory: keeps nothing',
    }),
    databaseUrl: setting({
      variables: ['_DATABASE_URL'],
      kind: kinds.text,
      default: '',
      help: 'PostgreSQL that many billageds share, in the place of a file: postgresql://USER:PASSWORD@HOST:PORT/DATABASE',
    }),
    databaseUrlFile: setting({
      variables: ['_DATABASE_URL_FILE'],
      flag: 'database-url-file',
      kind: kinds.text,
      default: '',
      help: 'file that holds the URL of the PostgreSQL',
    }),
    databasePool: setting({
      variables: ['_DATABASE_POOL'],
      flag: 'database-pool',
      kind: kinds.integer({ min: 2, max: 100 }),
      default: 4,
      help: 'most connections to the PostgreSQL',
    }),
  }),
  ...settingGroup('Faults', {
    seed: setting({
      variables: ['_SIM_SEED'],
      flag: 'seed',
      kind: kinds.integer({ min: 0, max: 0x7fffffff }),
      default: 1,
      help: 'seed of the faults that strike by chance: the same seed gives the same strikes',
    }),
  }),
  ...controlSettings,
  ...telemetrySettings({ name: 'billaged', version, metricsPort: 9465 }),
};

/** Values of all settings. */
export type BillagedConfig = SettingValues<typeof billagedSettings>;

/** The values that hold when nothing is set. */
export const billagedDefaults: BillagedConfig = readSettings(billagedSettings, { env: {}, prefixes: [] });
