import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigurationError } from '@vmobs/settings';
import { expect, onTestFinished, test } from 'vitest';
import { readControlToken } from './sim-control.ts';
import { startFaultyService } from './testing/start-faulty-service.ts';

test.for([undefined, 'Bearer', 'Bearer wrong', 'Bearer s3cret-and-more', 'Basic s3cret', 's3cret'])(
  'with a token set, the header %o is answered 401 for every method, and logged',
  async (authorization) => {
    const { call, lines } = await startFaultyService({ token: 's3cret' });
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/cpu-burn'],
      ['PUT', '/cpu-burn'],
      ['DELETE', '/cpu-burn'],
      ['DELETE', ''],
    ] as const) {
      const response = await call(method, path, undefined, headers);
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
      expect(await response.json()).toEqual({
        statusCode: 401,
        error: 'Unauthorized',
        message: 'send the header "Authorization: Bearer <token>" with the token in the file of SIM_CONTROL_TOKEN_FILE',
      });
      expect(lines).toContainEqual(
        expect.objectContaining({ level: 'warn', remote_address: '127.0.0.1', method, path: `/sim/faults${path}` }),
      );
    }
    expect(lines.filter(({ msg }) => msg === 'fault is on')).toEqual([]);
  },
);

test('every method is accepted with the token', async () => {
  const { call } = await startFaultyService({ token: 's3cret' });
  const headers = { authorization: 'bearer s3cret' };
  expect((await call('PUT', '/metrics-slow', { size: 1 }, headers)).status).toBe(200);
  expect((await call('GET', '', undefined, headers)).status).toBe(200);
  expect((await call('DELETE', '', undefined, headers)).status).toBe(200);
});

async function fileWith(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'control-token-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'token'), text);
  return join(folder, 'token');
}

test('the token is the content of the file without white space', async () => {
  expect(readControlToken(await fileWith('s3cret\n'))).toBe('s3cret');
  expect(readControlToken('')).toBeUndefined();
});

test('an empty or missing token file is a configuration error', async () => {
  const file = await fileWith(' \n');
  expect(() => readControlToken(file)).toThrow(ConfigurationError);
  expect(() => readControlToken(file)).toThrow(`SIM_CONTROL_TOKEN_FILE="${file}": allowed is the path of a file`);
  expect(() => readControlToken(file)).toThrow('this one is empty');
  expect(() => readControlToken(`${file}.none`)).toThrow('cannot be read: ENOENT');
});
