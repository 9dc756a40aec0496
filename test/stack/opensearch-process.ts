import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { portOffset } from './port-offset.ts';
import { reportMeasured } from './report-measured.ts';
import { requirePart } from './require-part.ts';

/** A real OpenSearch, one node with an empty folder, that runs for the length of a test file. */
export interface OpenSearchProcess {
  readonly url: string;
  /** Sends it JSON, and gets what it answers. @throws Error with the answer when that is an error */
  ask<T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<T>;
  end(): Promise<void>;
}

/** How long it may take to be ready: 6 s on two idle cores. */
const startLimitMs = 60_000;

/**
 * Starts it and waits until it is ready.
 *
 * @param settings of OpenSearch, by name.
 * @throws Error with the end of what it has said when it ends, or is not ready after 60 s.
 */
export async function startOpenSearch(settings: Readonly<Record<string, string>>): Promise<OpenSearchProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'vmobs-opensearch-'));
  const port = 9_200 + portOffset;
  const all = { ...settings, 'path.home': folder, 'http.port': String(port) };
  const flags = Object.entries(all).map(([name, value]) => `${name}=${value}`);
  const startedAt = performance.now();
  const child = spawn(await requirePart('opensearch-node'), flags, { stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = once(child, 'close');
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-4_000);
    });
  }
  const url = `http://127.0.0.1:${port}`;
  const end = async () => {
    child.kill('SIGTERM');
    await closed;
    await rm(folder, { recursive: true });
  };
  while (!(await isReady(url))) {
    if (child.exitCode !== null || performance.now() - startedAt > startLimitMs) {
      await end();
      throw new Error(`OpenSearch was not ready after ${(performance.now() - startedAt) / 1_000} s; it said:\n${log}`);
    }
    await sleep(100);
  }
  reportMeasured(`OpenSearch was ready after ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
  return {
    url,
    async ask<T>(method: string, path: string, body?: object) {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) });
      const answer = await response.json();
      if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
      return answer as T;
    },
    async end() {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
      const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(status) ?? [];
      if (kilobytes !== undefined)
        reportMeasured(`OpenSearch took at most ${Math.round(Number(kilobytes) / 1_024)} MiB`);
      await end();
    },
  };
}

async function isReady(url: string): Promise<boolean> {
  return await fetch(`${url}/_cluster/health?wait_for_status=yellow&timeout=1s`).then(
    ({ ok }) => ok,
    () => false,
  );
}
