import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stackParts } from '@vmobs/lab/stack';
import { beforeAll, expect, test, vi } from 'vitest';
import { readGuideCommands } from '../docs/guide-commands.ts';
import { startCommand } from '../support/command.ts';
import { portOffset } from './port-offset.ts';
import { requirePart } from './require-part.ts';

/** The minute or two after which the document promises that everything is there. */
const settlingMs = 90_000;

/** Where the demo is started from, as the document says. */
const repositoryRoot = join(import.meta.dirname, '../..');

/** What needs Docker is run where the containers are. */
const commands = (await readGuideCommands()).filter(({ runsWith }) => runsWith !== 'docker');

/** The demo, as a user starts it but for its ports. */
async function startDemo() {
  // The demo leaves out what it does not find; here nothing is left out.
  await Promise.all(stackParts.map((part) => requirePart(part)));
  // A folder of its own, so that the demo that was started last is this one; no proxy between it and its ports.
  const folder = await mkdtemp(join(tmpdir(), 'vmobs-guide-'));
  const kept = ['PATH', 'HOME', 'XDG_CACHE_HOME', 'VMOBS_PARTS_CACHE'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const env: Record<string, string> = { ...Object.fromEntries(kept), TMPDIR: folder };
  const command = startCommand('demo', [`--port-offset=${portOffset}`], env);
  const end = async () => {
    command.signal('SIGINT');
    const { status } = await command.ended();
    await rm(folder, { recursive: true });
    return status;
  };

  const saysWhereThingsAre = () => /^log files /m.test(command.written.stdout);
  const isRunning = await Promise.race([
    vi.waitUntil(saysWhereThingsAre, { timeout: 90_000, interval: 100 }).catch(() => false),
    command.ended().then(() => false),
  ]);
  if (!isRunning) {
    await end();
    throw new Error(`the demo did not start: ${command.written.stdout}${command.written.stderr}`);
  }
  return { env, settledAt: Date.now() + settlingMs, end };
}

let demo: Awaited<ReturnType<typeof startDemo>>;
beforeAll(async () => {
  demo = await startDemo();
  return async () => expect(await demo.end()).toBe(0);
});

interface Outcome {
  readonly status: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script as it stands in the document, with its ports moved. A failure of any of its programs is its failure. */
function run(script: string): Promise<Outcome> {
  const moved = script.replace(/\blocalhost:(\d+)/g, (_all, port) => `localhost:${Number(port) + portOffset}`);
  return new Promise((resolve) => {
    const options = { cwd: repositoryRoot, env: demo.env, timeout: 20_000, maxBuffer: 16 * 1024 ** 2 };
    execFile('bash', ['-e', '-o', 'pipefail', '-c', moved], options, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : (error.code ?? error.signal), stdout, stderr });
    });
  });
}

test.each(commands)('$purpose (line $line) prints what the guide map says', async ({ script, prints }) => {
  const isAsDocumented = ({ status, stdout }: Outcome) => status === 0 && prints.every((text) => stdout.includes(text));
  let outcome = await run(script);
  while (!isAsDocumented(outcome) && Date.now() < demo.settledAt) {
    await sleep(1_000);
    outcome = await run(script);
  }
  expect(outcome).toMatchObject({ status: 0, stderr: '' });
  for (const text of prints) expect(outcome.stdout).toContain(text);
});
