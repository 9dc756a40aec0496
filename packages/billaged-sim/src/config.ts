import { controlSettings } from '@vmobs/faults';
import { type IgnoredVariables, kinds, readSettings, type SettingValues, setting, settingGroup } from '@vmobs/settings';
import { telemetrySettings } from '@vmobs/telemetry/command';
import packageJson from '../package.json' with { type: 'json' };
import { defaultFile, inMemory } from './ledger/ledger.ts';
import { retentionKind } from './ledger/retention.ts';

/** Version of the simulated service. */
export const version = packageJson.version;

/** Prefixes of the environment variables: the later ones of the real service, then those of the guide. */
export const billagedPrefixes = ['UNKEY_BILLAGED', 'BILLAGED'] as const;

/**
 * All settings. Names and defaults are those of the real service, except that it listens on all
 * addresses (docs/decisions/0003-listen-on-loopback.md).
 */
export const billagedSettings = {
  ...settingGroup('Server', {
    port: setting({
      variables: ['_PORT'],
      flag: 'port',
      kind: kinds.port,
      default: 8081,
      help: 'port of the API; 0 chooses a free one',
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
      help: 'maximum size of a request in bytes; a batch of 1000 samples has at most 430 KB in JSON',
    }),
    maxBatchesInFlight: setting({
      variables: ['_MAX_BATCHES_IN_FLIGHT'],
      flag: 'max-batches-in-flight',
      kind: kinds.integer({ min: 1, max: 1_000_000 }),
      default: 2_000,
      help: 'maximum number of batches that wait for the ledger; more are refused',
    }),
    maxBytesInFlight: setting({
      variables: ['_MAX_BYTES_IN_FLIGHT'],
      flag: 'max-bytes-in-flight',
      kind: kinds.integer({ min: 1_024, max: 4 * 1024 ** 3 }),
      default: 64 * 1024 ** 2,
      help: 'maximum size in bytes of the batches that wait for the ledger; more are refused',
    }),
  }),
  ...settingGroup('Billing', {
    billingTokenFile: setting({
      variables: ['_BILLING_TOKEN_FILE'],
      flag: 'billing-token-file',
      kind: kinds.text,
      default: '',
      help: 'file with the token that billing RPCs require as "Authorization: Bearer <token>", at least 16 characters; without it, whoever reaches the port can bill',
    }),
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
      help: 'how long segments of samples are kept one by one; older ones become rollups of an hour, and late samples for them are refused',
    }),
  }),
  ...settingGroup('Ledger', {
    database: setting({
      variables: ['_DATABASE'],
      flag: 'database',
      kind: kinds.path(inMemory),
      default: defaultFile,
      help: 'file of the ledger, used by one process; :memory: keeps nothing after the end',
    }),
    backup: setting({
      variables: ['_BACKUP'],
      flag: 'backup',
      kind: kinds.path(),
      default: '',
      help: 'file to which SIGUSR2 copies the ledger while it runs; default: that of --database with .backup added',
    }),
    databaseUrl: setting({
      variables: ['_DATABASE_URL'],
      kind: kinds.text,
      default: '',
      help: 'PostgreSQL that several billageds share, instead of a file: postgresql://USER:PASSWORD@HOST:PORT/DATABASE',
    }),
    databaseUrlFile: setting({
      variables: ['_DATABASE_URL_FILE'],
      flag: 'database-url-file',
      kind: kinds.path(),
      default: '',
      help: 'file with the URL of the PostgreSQL',
    }),
    databasePool: setting({
      variables: ['_DATABASE_POOL'],
      flag: 'database-pool',
      kind: kinds.integer({ min: 2, max: 100 }),
      default: 4,
      help: 'maximum number of connections to the PostgreSQL',
    }),
  }),
  ...settingGroup('Faults', {
    seed: setting({
      variables: ['_SIM_SEED'],
      flag: 'seed',
      kind: kinds.integer({ min: 0, max: 0x7fffffff }),
      default: 1,
      help: 'seed of random faults: the same seed gives the same sequence',
    }),
  }),
  ...controlSettings,
  ...telemetrySettings({ name: 'billaged', version, metricsPort: 9465 }),
};

/** Variables of later versions of the real billaged that the simulation ignores. */
export const billagedIgnored: readonly IgnoredVariables[] = [
  { variables: ['_TLS_*', '_SPIFFE_SOCKET'], reason: 'the API is plain HTTP, as in the first real version' },
];

/** Values of all settings. */
export type BillagedConfig = SettingValues<typeof billagedSettings>;

/** The default of each setting. */
export const billagedDefaults: BillagedConfig = readSettings(billagedSettings, { env: {}, prefixes: [] });
