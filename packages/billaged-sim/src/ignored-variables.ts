import type { IgnoredVariables } from '@vmobs/telemetry';

/** Variables of the real billaged, in its later versions, that a simulation has no use for. */
export const billagedIgnored: readonly IgnoredVariables[] = [
  { variables: ['_TLS_*', '_SPIFFE_SOCKET'], reason: 'the API is plain HTTP, as in the first real version' },
];
