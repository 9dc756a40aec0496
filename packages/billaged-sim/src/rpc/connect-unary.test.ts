import { Code, ConnectError } from '@connectrpc/connect';
import { codeToHttpStatus, errorToJson, parseTimeout } from '@connectrpc/connect/protocol-connect';
import { expect, test } from 'vitest';
import { checkTimeout, errorBody, httpStatusOf } from './connect-unary.ts';

// Connect's private functions are compared with here alone; production code must not import them.

const codes = Object.values(Code).filter((code) => typeof code === 'number');

test('every error code has the status and the JSON of Connect', () => {
  expect(codes).toHaveLength(16);
  for (const code of codes) {
    expect(httpStatusOf(code)).toBe(codeToHttpStatus(code));
    for (const message of ['', 'a "reason"']) {
      const error = new ConnectError(message, code);
      expect(JSON.parse(errorBody(error).toString())).toEqual(errorToJson(error, undefined));
    }
  }
});

test.for(['0', '10000', '9999999999', '12345678901', '1s', '-1', '', ' 5'])(
  'the timeout "%s" is judged as by Connect',
  (header) => {
    const { error } = parseTimeout(header, Number.MAX_SAFE_INTEGER);
    const check = expect(() => checkTimeout(header));
    if (error === undefined) check.not.toThrow();
    else check.toThrow(error);
  },
);

test('a request without a timeout is accepted', () => {
  expect(() => checkTimeout(undefined)).not.toThrow();
});
