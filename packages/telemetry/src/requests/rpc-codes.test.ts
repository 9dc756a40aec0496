import { Code } from '@connectrpc/connect';
import { expect, test } from 'vitest';
import { codeOfHttpStatus, isServerFault, rpcCodes, serverFaultCodes } from './rpc-codes.ts';

const connectCodes = Object.values(Code).filter((value) => typeof value === 'number');

function inSnakeCase(name: string): string {
  return name.replace(/(?<!^)[A-Z]/g, (letter) => `_${letter}`).toLowerCase();
}

test('the index of every name is the number of its code in Connect', () => {
  expect(connectCodes).toHaveLength(16);
  for (const code of connectCodes) expect(rpcCodes[code]).toBe(inSnakeCase(Code[code]));
  expect(rpcCodes).toHaveLength(connectCodes.length + 1);
  expect(rpcCodes[0]).toBe('ok');
});

test('only listed codes are faults of the server', () => {
  expect(rpcCodes.filter(isServerFault).toSorted()).toEqual(serverFaultCodes.toSorted());
  expect(isServerFault('internal')).toBe(true);
});

test.for(['ok', 'canceled', 'not_found', 'resource_exhausted', 'unauthenticated'] as const)(
  '%s is not the fault of the server',
  (code) => {
    expect(isServerFault(code)).toBe(false);
  },
);

test.for([
  [200, 'ok'],
  [304, 'ok'],
  [404, 'unimplemented'],
  [499, 'canceled'],
  [503, 'unavailable'],
] as const)('the HTTP status %i means %s', ([status, code]) => {
  expect(codeOfHttpStatus(status)).toBe(code);
});

test('an HTTP status without a code of its own gets the code of its class', () => {
  expect(codeOfHttpStatus(415)).toBe('invalid_argument');
  expect(codeOfHttpStatus(520)).toBe('internal');
});
