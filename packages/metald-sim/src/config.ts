import { kinds, readSettings, type SettingValues, setting, telemetrySettings } from '@vmobs/telemetry';
import packageJson from '../package.json' with { type: 'json' };

/** Version of the simulated service. */
export const version = packageJson.version;

/** Prefixes of the environment variables. */
export const metaldPrefixes = ['UNKEY_METALD'] as const;

/**
 * Everything that can be set. Names and defaults are those of the real service, except that it listens on all
 * addresses (docs/decisions/0003-listen-on-loopback.md).
 */
export const metaldSettings = {
  port: setting({
    variables: ['_PORT'],
    flag: 'port',
    kind: kinds.port,
    default: 8080,
    help: 'port of the API; 0 takes a free one',
  }),
  address: setting({
    variables: ['_ADDRESS'],
    flag: 'address',
    kind: kinds.text,
    default: '127.0.0.1',
    help: 'address that the API listens on',
  }),
  maxVms: setting({
    variables: ['_MAX_PROCESSES'],
    flag: 'max-vms',
    kind: kinds.integer({ min: 1, max: 1_000_000 }),
    default: 25,
    help: 'most VMs that exist at a time; CreateVm beyond it is resource_exhausted',
  }),
  billingEnabled: setting({
    variables: ['_BILLING_ENABLED'],
    flag: 'billing',
    kind: kinds.boolean,
    default: true,
    help: 'send usage to billaged; without it, usage is collected and dropped',
  }),
  billingMock: setting({
    variables: ['_BILLING_MOCK_MODE'],
    kind: kinds.boolean,
    default: false,
    help: 'log usage at debug level instead of sending it',
  }),
  billingEndpoint: setting({
    variables: ['_BILLING_ENDPOINT'],
    flag: 'billing-endpoint',
    kind: kinds.httpUrl,
    default: 'http://localhost:8081/',
    help: 'address of billaged',
  }),
  billingIntervalMs: setting({
    variables: ['_BILLING_INTERVAL'],
    flag: 'billing-interval',
    kind: kinds.duration,
    default: 100,
    help: 'time between two samples of a VM',
  }),
  billingBatchSize: setting({
    variables: ['_BILLING_BATCH_SIZE'],
    flag: 'billing-batch-size',
    kind: kinds.integer({ min: 1, max: 1_000 }),
    default: 600,
    help: 'samples in a batch',
  }),
  seed: setting({
    variables: ['_SIM_SEED'],
    flag: 'seed',
    kind: kinds.integer({ min: 0, max: 0x7fffffff }),
    default: 1,
    help: 'seed of workloads and boot times: the same seed gives the same ones',
  }),
  timeScale: setting({
    variables: ['_SIM_TIME_SCALE'],
    flag: 'time-scale',
    kind: kinds.number({ min: 0.001, max: 1_000_000 }),
    default: 1,
    help: 'how many times faster than real the simulated hypervisor boots and stops VMs',
  }),
  ...telemetrySettings({ name: 'metald', version, metricsPort: 9464 }),
};

/** Values of all settings. */
export type MetaldConfig = SettingValues<typeof metaldSettings>;

/** The values that hold when nothing is set. */
export const metaldDefaults: MetaldConfig = readSettings(metaldSettings, { env: {}, prefixes: [] });
