import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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

test('of 200 guesses at once ten are looked at', async () => {
  const { call, lines } = await startFaultyService({ token: 's3cret' });
  const statuses = await Promise.all(
    Array.from({ length: 200 }, async (_, number) => {
      const response = await call('GET', '', undefined, { authorization: `Bearer guess-${number}` });
      return [response.status, response.headers.get('retry-after')];
    }),
  );
  const looked = statuses.filter(([status]) => status === 401).length;
  // And one more for each second that it takes.
  expect(looked).toBeGreaterThanOrEqual(10);
  expect(looked).toBeLessThan(100);
  expect(statuses.filter(([status]) => status !== 401)).toEqual(Array(200 - looked).fill([429, '1']));
  expect(lines.filter(({ msg }) => String(msg).includes('wrong token'))).toHaveLength(looked);
});

test('a token of one character is a configuration error', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'control-token-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, 'token');
  await writeFile(file, 'x\n');
  expect(() => readControlToken(file)).toThrow(`SIM_CONTROL_TOKEN_FILE="${file}": allowed is the path of a file`);
  expect(() => readControlToken(file)).toThrow('this one has 1 characters');
});
