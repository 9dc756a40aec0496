import { kinds, readSettings, type SettingValues, setting, telemetrySettings } from '@vmobs/telemetry';
import packageJson from '../package.json' with { type: 'json' };

/** Version of the simulated service. */
export const version = packageJson.version;

/** Prefixes of the environment variables: the later ones of the real service, then those of the guide. */
export const billagedPrefixes = ['UNKEY_BILLAGED', 'BILLAGED'] as const;

/**
 * Everything that can be set. Names and defaults are those of the real service, except that it listens on all
 * addresses (docs/decisions/0003-listen-on-loopback.md).
 */
export const billagedSettings = {
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
  aggregationIntervalMs: setting({
    variables: ['_AGGREGATION_INTERVAL'],
    flag: 'aggregation-interval',
    kind: kinds.duration,
    default: 60_000,
    help: 'time between two usage summaries',
  }),
  ...telemetrySettings({ name: 'billaged', version, metricsPort: 9465 }),
};

/** Values of all settings. */
export type BillagedConfig = SettingValues<typeof billagedSettings>;

/** The values that hold when nothing is set. */
export const billagedDefaults: BillagedConfig = readSettings(billagedSettings, { env: {}, prefixes: [] });
