import { expect, test } from 'vitest';
import { byteSize } from './byte-size.ts';

test.for([
  ['0', 0],
  ['500', 500],
  ['64k', 65_536],
  ['10m', 10_485_760],
  ['10MB', 10_485_760],
  ['1G', 1_073_741_824],
] as const)('%s is %i bytes', ([text, bytes]) => {
  expect(byteSize.parse(text)).toBe(bytes);
});

test.for(['', 'm', '-1', '1.5m', '10 m', '10mib', '99999999999g'])('"%s" is refused', (text) => {
  expect(byteSize.parse(text)).toBeUndefined();
});

test.for([
  [0, '0'],
  [500, '500'],
  [65_536, '64k'],
  [10 * 1_024 ** 2, '10m'],
  [3 * 1_024 ** 3, '3g'],
] as const)('%i bytes are shown as %s', ([bytes, text]) => {
  expect(byteSize.format?.(bytes)).toBe(text);
  expect(byteSize.parse(text)).toBe(bytes);
});
