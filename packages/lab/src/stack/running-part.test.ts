import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PlacedPart } from './place-part.ts';
import { type RunningPart, startPart } from './running-part.ts';

/** A program that is ready once it answers, says so, and says goodbye when it is asked to end; /die makes it end by itself. */
const program = `
  process.on('SIGTERM', () => { console.log('goodbye'); process.exit(); });
  require('node:http')
    .createServer((request, response) => request.url === '/die' ? process.exit(3) : response.end(String(process.pid)))
    .listen(Number(process.argv[1]), '127.0.0.1', () => console.log('hello'));
`;

let folder: string;
let place: PlacedPart;
let part: RunningPart;
let deaths: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmobs-running-part-'));
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const logFile = join(folder, 'part.log');
  place = { flags: ['--eval', program, String(port)], data: folder, url, readyUrl: url, logFile };
  deaths = [];
  part = await startPart({
    name: 'jaeger',
    command: process.execPath,
    place,
    signal: new AbortController().signal,
    onDeath: (name, reason) => deaths.push(`${name}: ${reason}`),
  });
});
afterEach(async () => {
  await part.stop();
  await rm(folder, { recursive: true });
});

async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // It listens on an address, not on a path.
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Who answers: the id of the process, or nobody. */
const whoAnswers = () =>
  fetch(place.url).then(
    (response) => response.text(),
    () => undefined,
  );

const readLog = async () => (await readFile(place.logFile, 'utf8')).trimEnd().split('\n');

test('a stopped part is restarted with its files, and its log continues', async () => {
  const first = await whoAnswers();
  await part.stop();
  expect(await whoAnswers()).toBeUndefined();
  await part.start();
  expect(await whoAnswers()).toMatch(/^\d+$/);
  expect(await whoAnswers()).not.toBe(first);
  expect(await readLog()).toEqual(['hello', 'goodbye', 'hello']);
  expect(deaths).toEqual([]);
});

test('SIGKILL leaves it no time for anything', async () => {
  await part.stop('SIGKILL');
  expect(await whoAnswers()).toBeUndefined();
  expect(await readLog()).toEqual(['hello']);
  expect(deaths).toEqual([]);
});

test('stopping or starting it twice does nothing', async () => {
  const first = await whoAnswers();
  await part.start();
  expect(await whoAnswers()).toBe(first);
  await part.stop();
  await part.stop();
  expect(await readLog()).toEqual(['hello', 'goodbye']);
});

test('a part that ends by itself is reported, and can be started again', async () => {
  await fetch(`${place.url}/die`).catch(() => undefined);
  await expect.poll(() => deaths).toEqual(['jaeger: status 3; hello']);
  await part.start();
  expect(await whoAnswers()).toMatch(/^\d+$/);
});
