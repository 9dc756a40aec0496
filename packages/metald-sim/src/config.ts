import { controlSettings } from '@vmobs/faults';
import { type IgnoredVariables, kinds, readSettings, type SettingValues, setting, settingGroup } from '@vmobs/settings';
import { telemetrySettings } from '@vmobs/telemetry/command';
import { largestBatch } from '@vmobs/wire/billable';
import packageJson from '../package.json' with { type: 'json' };

/** Version of the simulated service. */
export const version = packageJson.version;

/** Prefixes of the environment variables. */
export const metaldPrefixes = ['UNKEY_METALD'] as const;

/** The variable with the path of the billing token, for errors. */
export const billingTokenVariable = 'UNKEY_METALD_BILLING_TOKEN_FILE';

const telemetry = telemetrySettings({ name: 'metald', version, metricsPort: 9464 });

/**
 * Everything that can be set. Names and defaults are those of the real service, except that it listens on all
 * addresses (docs/decisions/0003-listen-on-loopback.md).
 */
export const metaldSettings = {
  ...settingGroup('Server', {
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
    backend: setting({
      variables: ['_BACKEND'],
      kind: kinds.oneOf('cloudhypervisor', 'firecracker', 'docker'),
      default: 'cloudhypervisor',
      help: 'hypervisor that the API reports; the VMs are simulated with any value',
    }),
    maxVms: setting({
      variables: ['_MAX_PROCESSES'],
      flag: 'max-vms',
      kind: kinds.integer({ min: 1, max: 1_000_000 }),
      default: 25,
      help: 'most VMs at a time; CreateVm beyond it fails with resource_exhausted',
    }),
  }),
  ...settingGroup('Fleet', {
    vms: setting({
      variables: ['_SIM_VMS'],
      flag: 'vms',
      kind: kinds.integer({ min: 0, max: 1_000_000 }),
      default: 0,
      help: 'VMs that run when metald starts, besides the --max-vms that clients may create',
    }),
    churn: setting({
      variables: ['_SIM_CHURN'],
      flag: 'churn',
      kind: kinds.number({ min: 0, max: 100_000 }),
      default: 0,
      help: 'VMs of --vms that are replaced by new ones per minute',
    }),
    seed: setting({
      variables: ['_SIM_SEED'],
      flag: 'seed',
      kind: kinds.integer({ min: 0, max: 0x7fffffff }),
      default: 1,
      help: 'seed of workloads and boot times: the same seed gives the same values',
    }),
    timeScale: setting({
      variables: ['_SIM_TIME_SCALE'],
      flag: 'time-scale',
      kind: kinds.number({ min: 0.001, max: 1_000_000 }),
      default: 1,
      help: 'how many times faster than real the simulated hypervisor boots and stops VMs',
    }),
  }),
  ...settingGroup('Billing', {
    billingEnabled: setting({
      variables: ['_BILLING_ENABLED'],
      flag: 'billing',
      kind: kinds.boolean,
      default: true,
      help: 'send usage to billaged; without it, usage is collected and dropped',
    }),
    billingMock: setting({
      variables: ['_BILLING_MOCK_MODE', '_BILLING_MOCK'],
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
    billingTokenFile: setting({
      variables: ['_BILLING_TOKEN_FILE'],
      flag: 'billing-token-file',
      kind: kinds.text,
      default: '',
      help: 'file with the token that billaged requires, at least 16 characters; without it, none is sent',
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
      kind: kinds.integer({ min: 1, max: largestBatch }),
      default: 600,
      help: 'samples in a batch',
    }),
    spool: setting({
      variables: ['_SIM_SPOOL'],
      flag: 'spool',
      kind: kinds.path(),
      default: '~/.local/state/metald-sim/spool',
      help: 'folder of batches that billaged has not acknowledged; "memory" keeps them in memory, where they end with the process',
    }),
    spoolLimitMib: setting({
      variables: ['_SIM_SPOOL_LIMIT_MIB'],
      flag: 'spool-limit',
      kind: kinds.integer({ min: 1, max: 65_536 }),
      default: 1_024,
      help: 'limit of the spool in MiB; batches beyond it are dropped and counted. In memory, 64 at most',
    }),
  }),
  ...controlSettings,
  simControl: {
    ...controlSettings.simControl,
    help: 'serve /sim/ on the API port: GET /sim/truth is the true usage of each VM, /sim/faults switches faults on and off',
  },
  ...telemetry,
  highCardinality: {
    ...telemetry.highCardinality,
    help: 'series for each VM; off by default in the original, on here because the monitoring guide uses them',
  },
};

/** Values of all settings. */
export type MetaldConfig = SettingValues<typeof metaldSettings>;

/** The default values. */
export const metaldDefaults: MetaldConfig = readSettings(metaldSettings, { env: {}, prefixes: [] });

/** Variables of the real metald that the simulation does not use. */
export const metaldIgnored: readonly IgnoredVariables[] = [
  {
    variables: ['_SOCKET_DIR', '_LOG_DIR', '_CH_ENDPOINT', '_FC_ENDPOINT', '_FIRECRACKER_BINARY'],
    reason: 'no hypervisor runs; LOG_FILE sets the log',
  },
  {
    variables: [
      '_JAILER_ENABLED',
      '_JAILER_BINARY',
      '_JAILER_UID',
      '_JAILER_GID',
      '_JAILER_CHROOT_DIR',
      '_JAILER_NETNS',
      '_JAILER_PIDNS',
      '_JAILER_MEMORY_LIMIT',
      '_JAILER_CPU_QUOTA',
      '_JAILER_FD_LIMIT',
    ],
    reason: 'there is nothing to jail',
  },
  {
    variables: ['_DATA_DIR', '_DATABASE_DIR', '_INSTANCE_ID'],
    reason: 'VMs end with the process, and the instance id is the time of its start',
  },
  { variables: ['_ASSETMANAGER_*', '_NETWORK_*'], reason: 'VMs have neither images nor networks' },
  { variables: ['_TLS_*', '_SPIFFE_SOCKET'], reason: 'the API is plain HTTP, as in the first real version' },
];
