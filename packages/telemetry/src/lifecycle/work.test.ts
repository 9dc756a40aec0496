import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';

/** Runs a service without an HTTP server, and gives what it writes. @param run its last line */
function start(run: string) {
  const script = `
    import { startTelemetry } from ${JSON.stringify(import.meta.resolve('../index.ts'))};
    const telemetry = await startTelemetry({ name: 'mail', version: '1.0.0', metricsPort: 0 });
    const say = (line) => process.stderr.write(line + '\\n');
    const never = new Promise(() => setInterval(() => undefined, 1_000));
    say(telemetry.metricsUrl);
    process.exit(await telemetry.run(${run}));
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script]);
  onTestFinished(() => void child.kill('SIGKILL'));
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => {
      output[name] += chunk;
    });
  }
  return { child, output };
}

type Started = ReturnType<typeof start>;

async function untilReady({ output }: Started): Promise<void> {
  const read = async () => {
    const [url] = output.stderr.split('\n');
    return url ? (await fetch(`${url}/ready`)).status : undefined;
  };
  await expect.poll(read, { timeout: 100_000 }).toBe(200);
}

async function exitOf(child: ChildProcess): Promise<unknown> {
  const [status, signal] = child.exitCode === null ? await once(child, 'close') : [child.exitCode, child.signalCode];
  return status ?? signal;
}

test('a service without an HTTP server is ready until a signal ends it', async () => {
  const started = start('');
  await untilReady(started);
  started.child.kill('SIGTERM');
  expect(await exitOf(started.child)).toBe(0);
  expect(started.output.stdout).toContain('shutting down');
});

test('work is told to end, and may finish what it has begun', async () => {
  const started = start(`async (signal) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    await new Promise((resolve) => setTimeout(resolve, 20));
    say('the last mail is sent');
  }`);
  await untilReady(started);
  started.child.kill('SIGTERM');
  expect(await exitOf(started.child)).toBe(0);
  expect(started.output.stderr).toContain('the last mail is sent');
});

test('work that ends with the reason of its signal has ended well', async () => {
  const started = start(`(signal) => new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  })`);
  await untilReady(started);
  started.child.kill('SIGTERM');
  expect(await exitOf(started.child)).toBe(0);
});

test('work that does not end is left after its time', async () => {
  const started = start('() => never, { closeTimeoutMs: 20 }');
  await untilReady(started);
  started.child.kill('SIGTERM');
  expect(await exitOf(started.child)).toBe(1);
  expect(started.output.stderr).toContain('the work was not done 20 ms after the service was told to end');
});

test('a job that is done ends the process', async () => {
  const { child } = start("async () => say('done')");
  expect(await exitOf(child)).toBe(0);
});

test('a job that fails ends it with its error in the log', async () => {
  const { child, output } = start("async () => { throw new Error('no mail server'); }");
  expect(await exitOf(child)).toBe(1);
  expect(output.stdout).toContain('"message":"no mail server"');
});
