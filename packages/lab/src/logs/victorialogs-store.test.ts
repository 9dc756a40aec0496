import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CommandError } from '@vmobs/settings';
import { afterEach, expect, test } from 'vitest';
import { createVictoriaLogsStore } from './victorialogs-store.ts';

// What the real one answers is tested in test/stack; here is what it should not.
let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function startStore(answer: (response: ServerResponse) => void) {
  server = createServer((request, response) => {
    request.resume();
    answer(response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return createVictoriaLogsStore(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

const row = (instance: string) =>
  `${JSON.stringify({ 'service.instance.id': instance, service: 'metald', lines: '1', distinct: '1', first: '1', last: '1', newest: '2026-11-30T12:00:00Z' })}\n`;

test.for([
  ['a page of something else', '<html>\n<body>', /answered with invalid JSON: <html>; does --store-url name/],
  ['half a row', row('a').slice(0, 40), /answered with invalid JSON/],
  ['a row without an end', '{'.padEnd(2 * 1024 * 1024), /answered a row of more than 1 MiB/],
] as const)('%s is an error of the store', async ([, answer, message]) => {
  const store = await startStore((response) => response.end(answer));
  const error = await store.readProcesses(0).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CommandError);
  expect(error).toMatchObject({ message: expect.stringMatching(message) });
});

test('an answer that breaks off is an error of the store', async () => {
  const store = await startStore((response) => {
    response.write(row('a'), () => response.destroy());
  });
  const error = await store.readProcesses(0).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(CommandError);
  expect(error).toMatchObject({ message: expect.stringMatching(/^VictoriaLogs on .* did not complete its answer: /) });
});

test('line separators of Unicode in a value do not end a row', async () => {
  const store = await startStore((response) => response.end(row('a\u2028b') + row('c')));
  expect((await store.readProcesses(0)).map(({ instance }) => instance)).toEqual(['a\u2028b', 'c']);
});
