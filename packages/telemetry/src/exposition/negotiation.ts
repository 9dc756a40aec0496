import { type AcceptedRange, readAcceptHeader } from './accept-header.ts';

/** The formats in which a page can be written. */
export type ExpositionFormat = 'text' | 'openmetrics';

/** A format, and the `Content-Type` that says so to who asked. */
export interface NegotiatedFormat {
  readonly format: ExpositionFormat;
  readonly contentType: string;
}

const plainText: NegotiatedFormat = { format: 'text', contentType: 'text/plain; version=0.0.4; charset=utf-8' };

/**
 * Chooses the format that a scraper likes best: of those that are spoken the one of the highest quality, the first of
 * equals, and text when it asks for none of them. OpenMetrics is spoken at version 1.0.0 and, to scrapers that ask for it,
 * as its 0.0.1 draft, which reads the same.
 *
 * @param accept value of the `Accept` header
 * @see https://prometheus.io/docs/instrumenting/content_negotiation/
 */
export function negotiateFormat(accept: string | undefined): NegotiatedFormat {
  const ranges = readAcceptHeader(accept ?? '');
  const namesText = ranges.some((range) => range.value === 'text/plain' && formatOf(range) !== undefined);
  let best: { chosen: NegotiatedFormat; quality: number } = { chosen: plainText, quality: 0 };
  for (const range of ranges) {
    // What is said of text by name holds, and not what is said of anything.
    if (namesText && range.value.endsWith('/*')) continue;
    const chosen = formatOf(range);
    if (chosen !== undefined && range.quality > best.quality) best = { chosen, quality: range.quality };
  }
  return best.chosen;
}

function formatOf({ value, parameters }: AcceptedRange): NegotiatedFormat | undefined {
  const version = parameters.get('version');
  if (value === 'application/openmetrics-text') return openMetricsOf(version, parameters.get('escaping'));
  if (value === 'text/plain') return version === undefined || version === '0.0.4' ? plainText : undefined;
  return value === 'text/*' || value === '*/*' ? plainText : undefined;
}

/**
 * Ways to write names outside of the old character set that our names satisfy as they are, since they are never outside
 * of it. `dots` is not among them: it doubles underscores.
 *
 * @see https://prometheus.io/docs/instrumenting/escaping_schemes/
 */
const satisfiedEscapings = new Set(['allow-utf-8', 'underscores', 'values']);

function openMetricsOf(version = '1.0.0', escaping = ''): NegotiatedFormat | undefined {
  const contentType = `application/openmetrics-text; version=${version}; charset=utf-8`;
  // The draft has no escaping; from 1.0.0 on the answer must name one.
  if (version === '0.0.1') return { format: 'openmetrics', contentType };
  if (version !== '1.0.0') return undefined;
  const scheme = satisfiedEscapings.has(escaping) ? escaping : 'underscores';
  return { format: 'openmetrics', contentType: `${contentType}; escaping=${scheme}` };
}
