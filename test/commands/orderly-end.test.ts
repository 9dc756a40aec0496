import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect as connectHttp2 } from 'node:http2';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createRandom, eventually, readMetric, scrape, untilReady } from '@vmobs/testing';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { validConfig, vmClient } from '../support/clients.ts';
import { type CommandName, startCommandInTest } from '../support/command.ts';

/*
 * SIGTERM at any moment, whatever the clients do: the service ends with status 0 before Docker would kill it, nothing that
 * was collected or acknowledged is lost, and it does not get ready again.
 */

/** Ends of each service while it starts, and once it is ready; the long proof has 100: `ORDERLY_END_ROUNDS=100`. */
const rounds = Number(process.env['ORDERLY_END_ROUNDS'] ?? 4);
const seed = Number(process.env['ORDERLY_END_SEED'] ?? Math.floor(1e6 * Math.random()));
const random = createRandom(seed);

/** What Docker allows before it kills a container. */
const dockerStopMs = 10_000;

/** The longest time from SIGTERM to the end of a process. It is printed: a slow machine takes longer. */
let longestMs = 0;

/** Takes connections and never answers. */
let silent: Server;
const taken = new Set<Socket>();
let silentAddress: string;
beforeAll(async () => {
  process.stdout.write(`orderly-end: ORDERLY_END_SEED=${seed}\n`);
  silent = createServer((socket) => void taken.add(socket.on('error', () => undefined))).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  silentAddress = `127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`;
});
afterAll(() => {
  for (const socket of taken) socket.destroy();
  silent.close();
  process.stdout.write(`measured: the longest end took ${Math.round(longestMs)} ms\n`);
});

/** A collector that hangs, and a spool and a ledger on the disk. */
async function startOnDisk(name: Exclude<CommandName, 'demo'>, flags: readonly string[] = []) {
  const folder = await mkdtemp(join(tmpdir(), 'orderly-end-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const command = startCommandInTest(name, ['--port=0', '--metrics-port=0', ...flags], {
    BILLAGED_DATABASE: join(folder, 'billaged.db'),
    BILLAGED_OTEL_ENABLED: 'true',
    BILLAGED_OTEL_ENDPOINT: silentAddress,
    UNKEY_METALD_OTEL_ENABLED: 'true',
    UNKEY_METALD_OTEL_ENDPOINT: silentAddress,
    UNKEY_METALD_SIM_SPOOL: join(folder, 'spool'),
    UNKEY_METALD_BILLING_ENDPOINT: `http://${silentAddress}`,
    UNKEY_METALD_BILLING_INTERVAL: '10ms',
    // A VM takes half a minute to boot: longer than the service waits for a request.
    UNKEY_METALD_SIM_TIME_SCALE: '0.1',
  });
  /** Ends it as Docker does. @returns its exit status, `null` when it had to be killed */
  const end = async () => {
    const startedAt = performance.now();
    command.signal('SIGTERM');
    const killer = setTimeout(() => command.signal('SIGKILL'), dockerStopMs);
    const { status } = await command.ended();
    clearTimeout(killer);
    longestMs = Math.max(longestMs, performance.now() - startedAt);
    return status;
  };
  return { ...command, end };
}

/** Clients that a service must not wait for. @returns once the service has all of them */
async function disturb(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const open = (bytes: string) => {
    const socket = connect(Number(port), hostname).on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
    socket.write(bytes);
    return socket.pause();
  };
  open('');
  open('POST /half HTTP/1.1\r\nHo');
  open('POST /half HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\nhalf');
  // Asks again and again, and reads none of the answers.
  open('GET /_/health HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2_000));
  const session = connectHttp2(url).on('error', () => undefined);
  onTestFinished(() => session.destroy());
  const stream = session.request({ ':method': 'POST', ':path': '/half', 'content-type': 'application/json' });
  stream.on('error', () => undefined).write('half');
  await once(session, 'connect');
  await fetch(`${url}/ready`);
}

/** Whether the program handles signals by now. Node itself handles SIGTERM from its start on, but not SIGHUP. */
async function handlesSignals(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const [, caught = '0'] = /^SigCgt:\s*([0-9a-f]+)$/m.exec(status) ?? [];
  return (BigInt(`0x${caught}`) & 1n) === 1n;
}

/** Whether anything answers that it is ready. */
async function isReady(url: string): Promise<boolean> {
  return fetch(`${url}/ready`).then(
    ({ status }) => status === 200,
    () => false,
  );
}

/** Does all rounds, four at a time. */
async function inGroups(one: (round: number) => Promise<void>): Promise<void> {
  const all = Array.from({ length: rounds }, (_, round) => round);
  for (let first = 0; first < rounds; first += 4) await Promise.all(all.slice(first, first + 4).map(one));
}

const services = ['metald-sim', 'billaged-sim'] as const;

test.for(services)('%s ends in order when SIGTERM comes while it starts', async (name) => {
  const one = async (afterMs: number) => {
    const service = await startOnDisk(name);
    await sleep(afterMs);
    const handles = await handlesSignals(service.pid);
    const status = await service.end();
    // Before the first line of the program runs, nobody can handle the signal.
    expect([status, service.written.stderr]).toEqual([!handles && status === null ? null : 0, '']);
    expect(service.log().filter(({ msg }) => String(msg).startsWith('uncaught'))).toEqual([]);
  };
  await inGroups((round) => one(round === 0 ? 0 : 900 * random()));
});

test('metald loses no sample when SIGTERM comes, whatever its clients do', {
  timeout: 60_000 + rounds * 15_000,
}, async () => {
  const one = async () => {
    const metald = await startOnDisk('metald-sim', ['--vms=20']);
    const { url, metricsUrl } = await untilReady(metald);
    const client = vmClient(url);
    await disturb(url);
    const { vmId } = await client.createVm({ config: validConfig });
    const boot = client.bootVm({ vmId }).catch(() => undefined);
    const collected = async () => readMetric(await scrape(metricsUrl), 'metald_billing_metrics_collected_total');
    await eventually(collected, (samples) => samples > 0);
    await sleep(300 * random());
    const status = metald.end();
    await eventually(
      () => metald.log().some(({ msg }) => msg === 'shutting down'),
      (isEnding) => isEnding,
    );
    expect(await isReady(metricsUrl)).toBe(false);
    expect([await status, metald.written.stderr]).toEqual([0, '']);
    await boot;
    const account = metald.log().find(({ msg }) => msg === 'billing stopped');
    expect(account).toMatchObject({ metrics_dropped: 0, metrics_left_in_spool: account?.['metrics_collected'] });
  };
  await inGroups(one);
});

test('billaged ends in order, whatever its clients do', { timeout: 60_000 + rounds * 15_000 }, async () => {
  const one = async () => {
    const billaged = await startOnDisk('billaged-sim');
    const { url, metricsUrl } = await untilReady(billaged);
    await disturb(url);
    await sleep(300 * random());
    const status = billaged.end();
    await eventually(
      () => billaged.log().some(({ msg }) => msg === 'shutting down'),
      (isEnding) => isEnding,
    );
    expect(await isReady(metricsUrl)).toBe(false);
    expect([await status, billaged.written.stderr]).toEqual([0, '']);
  };
  await inGroups(one);
});

/** Whether this user may make a namespace for processes. */
const mayUnshare = spawnSync('unshare', ['--user', '--map-root-user', '--pid', '--fork', 'true']).status === 0;

test.skipIf(!mayUnshare).for(services)('%s ends in order as process 1 of a container', async (name) => {
  const main = fileURLToPath(import.meta.resolve(`@vmobs/${name}/main`));
  const one = async (isReadyFirst: boolean) => {
    const flags = ['--user', '--map-root-user', '--pid', '--fork', '--kill-child', process.execPath, main];
    const outer = spawn('unshare', [...flags, '--port=0', '--metrics-port=0'], {
      env: { PATH: process.env['PATH'], BILLAGED_DATABASE: ':memory:', UNKEY_METALD_SIM_SPOOL: 'memory' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    onTestFinished(() => void outer.kill('SIGKILL'));
    let written = '';
    outer.stdout.setEncoding('utf8').on('data', (text: string) => (written += text));
    const closed = once(outer, 'close');
    const childOf = async () => Number(await readFile(`/proc/${outer.pid}/task/${outer.pid}/children`, 'utf8'));
    const pid = await eventually(childOf, (child) => child > 0);
    // Process 1 gets no signal that it does not handle.
    await eventually(() => handlesSignals(pid), Boolean);
    if (isReadyFirst)
      await eventually(
        () => written,
        (text) => text.includes('is ready'),
      );
    else await sleep(400 * random());
    process.kill(pid, 'SIGTERM');
    expect((await closed)[0]).toBe(0);
  };
  await inGroups((round) => one(round === 0));
});
