/** Where the settings say that the collector is; an empty one is not set. */
export interface CollectorSettings {
  /** The collector as the guide names it; `/v1/traces` is added unless it is there. */
  readonly otlpEndpoint: string;
  /** The address for traces alone, taken as it is. */
  readonly otlpTracesUrl: string;
  /** The collector for every signal; `/v1/traces` is added unless it is there. */
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
