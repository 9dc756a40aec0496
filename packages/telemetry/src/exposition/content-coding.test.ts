import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { negotiateCoding } from './content-coding.ts';

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
] as const)('%s gets its coding', ([, acceptEncoding, name]) => {
  const { coding, isIdentityRefused } = negotiateCoding(acceptEncoding);
  expect(coding?.name).toBe(name);
  expect(isIdentityRefused).toBe(false);
});

test.for(['gzip, identity;q=0', 'gzip, *;q=0'])('%s refuses an answer that is not compressed', (acceptEncoding) => {
  expect(negotiateCoding(acceptEncoding)).toMatchObject({ coding: { name: 'gzip' }, isIdentityRefused: true });
});

test.for([
  ['gzip', gunzipSync],
  ['zstd', zstdDecompressSync],
] as const)('what %s compresses is what it was, whole and in a stream', async ([name, decompress]) => {
  const { coding } = negotiateCoding(name);
  const page = Buffer.from('vms 1\n'.repeat(1_000));
  const whole = await coding?.compress(page);
  expect(whole?.length).toBeLessThan(page.length / 10);
  expect(decompress(whole ?? '').equals(page)).toBe(true);
  const stream = coding?.createStream();
  stream?.end(page);
  expect(decompress(Buffer.concat(await Array.fromAsync(stream ?? []))).equals(page)).toBe(true);
});
