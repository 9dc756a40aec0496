import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { negotiateCoding, negotiateFormat } from './negotiation.ts';

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
  ['a scraper whose version of text is not spoken', 'text/plain;version=1.0.0,application/openmetrics-text;q=0.5'],
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
  ['a scraper that likes version 0.0.4 better', 'application/openmetrics-text;q=0.5,text/plain;version=0.0.4'],
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
] as const)('the Content-Type for %s is %s', ([asked, answered]) => {
  expect(negotiateFormat(`application/openmetrics-text;${asked}`).contentType).toBe(
    `application/openmetrics-text; ${answered}`,
  );
});

test.for([
  ['Prometheus', 'gzip', 'gzip'],
  ['Prometheus with its feature zstd-scrape', 'zstd,gzip', 'zstd'],
  ['a browser', 'gzip, deflate, br, zstd', 'zstd'],
  ['a scraper that likes gzip better', 'zstd;q=0.5, gzip;q=0.8', 'gzip'],
  ['a scraper that writes in capitals', 'GZIP', 'gzip'],
  ['a scraper that takes anything', '*', 'gzip'],
  ['a scraper that takes anything but gzip and zstd', 'gzip;q=0, zstd;q=0, *', undefined],
  ['a scraper that likes identity better', 'gzip;q=0.5, identity', undefined],
  ['a scraper that wants none', 'identity', undefined],
  ['a scraper of what is not spoken', 'br', undefined],
  ['a scraper that says nothing', undefined, undefined],
] as const)('%s gets the coding that it prefers', ([, acceptEncoding, name]) => {
  const { coding, isIdentityRefused } = negotiateCoding(acceptEncoding);
  expect(coding?.name).toBe(name);
  expect(isIdentityRefused).toBe(false);
});

test.for(['gzip, identity;q=0', 'gzip, *;q=0'])('%s refuses an uncompressed response', (acceptEncoding) => {
  expect(negotiateCoding(acceptEncoding)).toMatchObject({ coding: { name: 'gzip' }, isIdentityRefused: true });
});

test.for([
  ['gzip', gunzipSync],
  ['zstd', zstdDecompressSync],
] as const)('%s round-trips a page, whole and in a stream', async ([name, decompress]) => {
  const { coding } = negotiateCoding(name);
  const page = Buffer.from('vms 1\n'.repeat(1_000));
  const whole = await coding?.compress(page);
  expect(whole?.length).toBeLessThan(page.length / 10);
  expect(decompress(whole ?? '').equals(page)).toBe(true);
  const stream = coding?.createStream();
  stream?.end(page);
  expect(decompress(Buffer.concat(await Array.fromAsync(stream ?? []))).equals(page)).toBe(true);
});
