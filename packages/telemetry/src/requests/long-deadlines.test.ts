import { expect, test } from 'vitest';
import { dropLongDeadlines } from './long-deadlines.ts';

test.for([
  ['connect-timeout-ms', '2147483648'],
  ['connect-timeout-ms', '2500000000'],
  ['connect-timeout-ms', '9999999999'],
  ['grpc-timeout', '800H'],
  ['grpc-timeout', '99999999H'],
  ['grpc-timeout', '35792M'],
  ['grpc-timeout', '2147484S'],
] as const)('%s of %s is no deadline', ([name, value]) => {
  const headers = { [name]: value, host: 'x' };
  dropLongDeadlines(headers);
  expect(headers).toEqual({ host: 'x' });
});

test.for([
  ['connect-timeout-ms', '2147483647'],
  ['connect-timeout-ms', '0'],
  ['grpc-timeout', '596H'],
  ['grpc-timeout', '99999999m'],
  ['grpc-timeout', '99999999n'],
] as const)('%s of %s stays', ([name, value]) => {
  const headers = { [name]: value };
  dropLongDeadlines(headers);
  expect(headers).toEqual({ [name]: value });
});

test.for([
  ['connect-timeout-ms', '99999999999'],
  ['connect-timeout-ms', '3e9'],
  ['grpc-timeout', '999999999H'],
  ['grpc-timeout', '800D'],
] as const)('%s of %s is malformed and stays, to be refused', ([name, value]) => {
  const headers = { [name]: value };
  dropLongDeadlines(headers);
  expect(headers).toEqual({ [name]: value });
});
