import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import { findPortHolder, isPortTaken } from './port-holder.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((list) => list?.some(({ family }) => family === 'IPv6'));
const hosts = ['127.0.0.1', '0.0.0.0', ...(hasIpv6 ? ['::'] : [])];

/** Listens on a free port of one address while a test looks at it, and gives the port, which is free again then. */
async function whileListening(host: string, look: (port: number) => Promise<void>): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    await look(port);
  } finally {
    server.close();
    await once(server, 'close');
  }
  return port;
}

test.for(hosts)('a port that listens on %s is taken by this process', async (host) => {
  await whileListening(host, async (port) => {
    expect(await isPortTaken(port)).toBe(true);
    expect(await findPortHolder(port)).toContain(`(pid ${process.pid})`);
  });
});

test('a port that nobody listens on is free and has no holder', async () => {
  const port = await whileListening('127.0.0.1', async () => undefined);
  expect(await isPortTaken(port)).toBe(false);
  expect(await findPortHolder(port)).toBeUndefined();
});

test('another process is named by its command and its pid', async () => {
  const script = "const s = net.createServer().listen(0, '127.0.0.1', () => console.log(s.address().port))";
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  try {
    const [line] = await once(child.stdout, 'data');
    const holder = await findPortHolder(Number(line));
    expect(holder).toContain(`(pid ${child.pid})`);
    expect(holder).toContain('node');
  } finally {
    child.kill('SIGKILL');
    await exit;
  }
});

test('connections that outlive their server do not make its port taken', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection');
  const client = connect(port, '127.0.0.1');
  const [connection] = await accepted;
  try {
    server.close();
    expect(await isPortTaken(port)).toBe(false);
    expect(await findPortHolder(port)).toBeUndefined();
  } finally {
    client.destroy();
    connection.destroy();
  }
});
