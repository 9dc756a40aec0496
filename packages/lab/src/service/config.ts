import { kinds, type SettingValues, setting } from '@vmobs/settings';
import { readTelemetrySettings, type TelemetrySettings } from '@vmobs/telemetry';
import { telemetrySettings } from '@vmobs/telemetry/command';
import packageJson from '../../package.json' with { type: 'json' };
import { logSettings } from '../logs/config.ts';

/** Version of the lab. */
export const version = packageJson.version;

const telemetry = telemetrySettings({ name: 'lab', version });

/** Settings of the lab. */
export const labSettings = {
  metald: setting({
    variables: ['VMOBS_LAB_METALD'],
    flag: 'metald',
    kind: kinds.httpUrl,
    default: 'http://localhost:8080/',
    help: 'address of metald',
  }),
  clients: setting({
    variables: ['VMOBS_LAB_CLIENTS'],
    flag: 'clients',
    kind: kinds.integer({ min: 0, max: 1_000 }),
    default: 8,
    help: 'number of clients; each has one VM at a time',
  }),
  lifeMs: setting({
    variables: ['VMOBS_LAB_LIFE'],
    flag: 'life',
    kind: kinds.duration,
    default: 30_000,
    help: 'average lifetime of a VM',
  }),
  seed: setting({
    variables: ['VMOBS_LAB_SEED'],
    flag: 'seed',
    kind: kinds.integer({ min: 0, max: 100_000 }),
    default: 1,
    help: 'seed of the traffic',
  }),
  port: setting({
    variables: ['VMOBS_LAB_PORT'],
    flag: 'port',
    kind: kinds.port,
    default: 8090,
    help: 'port for notifications of Alertmanager',
  }),
  address: setting({
    variables: ['VMOBS_LAB_ADDRESS'],
    flag: 'address',
    kind: kinds.text,
    default: '127.0.0.1',
    help: 'address for this port',
  }),
  allowedHosts: { ...telemetry.allowedHosts, variables: ['VMOBS_LAB_ALLOWED_HOSTS'] },
  logStore: logSettings.logStore,
  logStoreUrl: {
    ...logSettings.logStoreUrl,
    help: 'address of the log store; default: its usual port on this machine',
  },
  logFiles: {
    ...logSettings.logFiles,
    help: 'folders with the log files to compare the log store with; default: no comparison',
  },
  logLevel: telemetry.logLevel,
  logFormat: telemetry.logFormat,
};

/** Values of the settings of the lab. */
export type LabConfig = SettingValues<typeof labSettings>;

/** The telemetry of the lab: only logs, because it is not a monitored service. */
export function labTelemetrySettings({
  logLevel,
  logFormat,
}: Pick<LabConfig, 'logLevel' | 'logFormat'>): TelemetrySettings {
  const defaults = readTelemetrySettings({ name: 'lab', version }, { env: {} });
  return { ...defaults, metricsEnabled: false, logLevel, logFormat };
}
