import { expect, test } from 'vitest';
import { negotiateFormat } from './negotiation.ts';

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
  ['a scraper that likes text less than it likes anything', 'text/plain;q=0.1,*/*,application/openmetrics-text;q=0.5'],
] as const)('%s gets OpenMetrics', ([, accept]) => {
  expect(negotiateFormat(accept).format).toBe('openmetrics');
});

test.for([
  ['nobody in particular', undefined],
  ['an empty header', ''],
  ['curl', '*/*'],
  ['a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
  ['a scraper of text', 'text/plain;version=0.0.4'],
  ['a scraper that likes text better', 'application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.6'],
  ['a scraper that likes both the same and names text first', 'text/plain,application/openmetrics-text'],
  ['a scraper of a version that is not spoken', 'application/openmetrics-text;version=2.0.0'],
  ['a scraper that refuses OpenMetrics', 'application/openmetrics-text;q=0'],
  ['a scraper with a quality that is none', 'application/openmetrics-text;q=best'],
  ['a scraper with an empty quality', 'application/openmetrics-text;q='],
  ['a client of something else', 'application/json'],
] as const)('%s gets text', ([, accept]) => {
  expect(negotiateFormat(accept)).toEqual({
    format: 'text',
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
  });
});

test.for([
  ['version=1.0.0;escaping=allow-utf-8', 'version=1.0.0; charset=utf-8; escaping=allow-utf-8'],
  ['version=1.0.0;escaping=values', 'version=1.0.0; charset=utf-8; escaping=values'],
  ['version=1.0.0;escaping=underscores', 'version=1.0.0; charset=utf-8; escaping=underscores'],
  // Our names keep their underscores, which `dots` would double.
  ['version=1.0.0;escaping=dots', 'version=1.0.0; charset=utf-8; escaping=underscores'],
  ['version=1.0.0;escaping=x\r\nset-cookie:y', 'version=1.0.0; charset=utf-8; escaping=underscores'],
  ['version=1.0.0', 'version=1.0.0; charset=utf-8; escaping=underscores'],
  ['q=0.5', 'version=1.0.0; charset=utf-8; escaping=underscores'],
  ['version=0.0.1', 'version=0.0.1; charset=utf-8'],
] as const)('to %s the Content-Type says %s', ([asked, answered]) => {
  expect(negotiateFormat(`application/openmetrics-text;${asked}`).contentType).toBe(
    `application/openmetrics-text; ${answered}`,
  );
});
