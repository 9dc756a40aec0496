/**
 * Names of the samplers that `OTEL_TRACES_SAMPLER` may choose.
 *
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export const samplers = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** Name of a sampler. */
export type SamplerName = (typeof samplers)[number];

/** Addresses of the collector in the settings; an empty one is not set. */
export interface CollectorSettings {
  /** The guide's setting for the collector; `/v1/traces` is added if it is missing. */
  readonly otlpEndpoint: string;
  /** The address for traces only, used unchanged. */
  readonly otlpTracesUrl: string;
  /** The collector for all signals; `/v1/traces` is added if it is missing. */
  readonly otlpBaseUrl: string;
}

/**
 * The address that spans are posted to: the service's own variable first, then the standard one for traces, then the
 * standard one for everything.
 *
 * @see https://opentelemetry.io/docs/specs/otel/protocol/exporter/#endpoint-urls-for-otlphttp
 */
export function tracesUrlOf({ otlpEndpoint, otlpTracesUrl, otlpBaseUrl }: CollectorSettings): string {
  if (otlpEndpoint === '' && otlpTracesUrl !== '') return otlpTracesUrl;
  const url = new URL(otlpEndpoint === '' ? otlpBaseUrl : otlpEndpoint);
  if (!url.pathname.endsWith('/v1/traces')) url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`;
  return url.href;
}
