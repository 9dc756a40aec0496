/** The formats in which a page can be written. */
export type ExpositionFormat = 'text' | 'openmetrics';

/** The `Content-Type` of each format. */
export const contentTypes: Readonly<Record<ExpositionFormat, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/**
 * Chooses the format that a scraper likes best: the acceptable one of the highest quality, text when nothing else is
 * asked for. OpenMetrics is spoken at version 1.0.0, and to scrapers that ask for its 0.0.1 draft, which reads the same.
 *
 * @param accept value of the `Accept` header
 * @see https://prometheus.io/docs/instrumenting/content_negotiation/
 */
export function negotiateFormat(accept: string | undefined): ExpositionFormat {
  let best: { format: ExpositionFormat; quality: number } = { format: 'text', quality: 0 };
  for (const range of (accept ?? '').split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const format = formatOf(type, new Map(parameters.map(splitParameter)));
    const quality = qualityOf(parameters);
    if (format !== undefined && quality > best.quality) best = { format, quality };
  }
  return best.format;
}

function formatOf(type: string, parameters: ReadonlyMap<string, string>): ExpositionFormat | undefined {
  const version = parameters.get('version');
  if (type === 'application/openmetrics-text') {
    return version === undefined || version === '1.0.0' || version === '0.0.1' ? 'openmetrics' : undefined;
  }
  if (type === 'text/plain' || type === 'text/*')
    return version === undefined || version === '0.0.4' ? 'text' : undefined;
  return type === '*/*' ? 'text' : undefined;
}

function qualityOf(parameters: readonly string[]): number {
  const given = parameters.map(splitParameter).find(([name]) => name === 'q')?.[1];
  const quality = given === undefined ? 1 : Number(given);
  return quality >= 0 && quality <= 1 ? quality : 0;
}

function splitParameter(parameter: string): readonly [name: string, value: string] {
  const [name = '', value = ''] = parameter.split('=');
  return [name.trim(), value.trim().replaceAll('"', '')];
}
