import { expect, test } from 'vitest';
import { contentTypes, negotiateFormat } from './negotiation.ts';

/** What Prometheus 3.16 sends with its default scrape protocols. */
const prometheus =
  'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.7,' +
  'application/openmetrics-text;version=0.0.1;q=0.6,' +
  'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.3';

test.for([
  ['Prometheus 3.16', prometheus],
  ['a scraper of the OpenMetrics draft', 'application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5'],
  ['a scraper that names no version', 'application/openmetrics-text'],
  ['a scraper that writes in capitals and quotation marks', 'Application/OpenMetrics-Text; Version="1.0.0"'],
  ['a scraper that likes OpenMetrics better than anything else', '*/*;q=0.1, application/openmetrics-text;q=0.2'],
] as const)('%s gets OpenMetrics', ([, accept]) => {
  expect(negotiateFormat(accept)).toBe('openmetrics');
});

test.for([
  ['nobody in particular', undefined],
  ['an empty header', ''],
  ['curl', '*/*'],
  ['a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
  ['a scraper of text', 'text/plain;version=0.0.4'],
  ['a scraper that likes text better', 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.6'],
  ['a scraper of a version that is not spoken', 'application/openmetrics-text;version=2.0.0'],
  ['a scraper that refuses OpenMetrics', 'application/openmetrics-text;q=0'],
  ['a scraper with a quality that is none', 'application/openmetrics-text;q=best'],
  ['a client of something else', 'application/json'],
] as const)('%s gets text', ([, accept]) => {
  expect(negotiateFormat(accept)).toBe('text');
});

test('the content types name the versions that are written', () => {
  expect(contentTypes).toEqual({
    text: 'text/plain; version=0.0.4; charset=utf-8',
    openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  });
});
