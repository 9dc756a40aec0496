import {
  kinds,
  readSettings,
  type SettingValues,
  setting,
  type TelemetrySettings,
  telemetrySettings,
} from '@vmobs/telemetry';
import packageJson from '../../package.json' with { type: 'json' };

/** Version of the lab. */
export const version = packageJson.version;

const telemetry = telemetrySettings({ name: 'lab', version });

/** What the lab can be told. */
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
    help: 'clients that use metald, each with one VM at a time',
  }),
  lifeMs: setting({
    variables: ['VMOBS_LAB_LIFE'],
    flag: 'life',
    kind: kinds.duration,
    default: 30_000,
    help: 'how long a VM runs on average',
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
    help: 'port on which Alertmanager delivers',
  }),
  address: setting({
    variables: ['VMOBS_LAB_ADDRESS'],
    flag: 'address',
    kind: kinds.text,
    default: '127.0.0.1',
    help: 'address that this port listens on',
  }),
  logLevel: telemetry.logLevel,
  logFormat: telemetry.logFormat,
};

/** Values of the settings of the lab. */
export type LabConfig = SettingValues<typeof labSettings>;

/** The telemetry of the lab: logs alone, since it is no service that is monitored. */
export function labTelemetrySettings({
  logLevel,
  logFormat,
}: Pick<LabConfig, 'logLevel' | 'logFormat'>): TelemetrySettings {
  const defaults = readSettings(telemetry, { env: {}, prefixes: [] });
  return { ...defaults, metricsEnabled: false, logLevel, logFormat };
}
