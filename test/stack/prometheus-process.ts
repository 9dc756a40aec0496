import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@vmobs/testing';
import { stringify } from 'yaml';

/** A real Prometheus that runs for the length of a test file. */
export interface PrometheusProcess {
  /** Asks its HTTP API. @returns `data` of the answer */
  ask<T>(path: string): Promise<T>;
  end(): Promise<void>;
}

/** Starts a Prometheus with a configuration, and waits until it is ready. */
export async function startPrometheus(options: {
  readonly program: string;
  readonly port: number;
  readonly config: object;
  readonly features: readonly string[];
}): Promise<PrometheusProcess> {
  const { program, port, config, features } = options;
  const folder = await mkdtemp(join(tmpdir(), 'vmobs-prometheus-'));
  await writeFile(join(folder, 'prometheus.yml'), stringify(config));
  const flags = [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    `--enable-feature=${features.join(',')}`,
  ];
  const child = spawn(program, flags, { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-2_000);
  });
  const closed = once(child, 'close');
  const url = `http://127.0.0.1:${port}`;
  const isReady = () =>
    fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  await eventually(isReady, (ready) => {
    if (child.exitCode !== null) throw new Error(`prometheus ended: ${log}`);
    return ready;
  });
  return {
    async ask<T>(path: string) {
      const response = await fetch(`${url}/api/v1/${path}`);
      return ((await response.json()) as { data: T }).data;
    },
    async end() {
      child.kill('SIGTERM');
      await closed;
      await rm(folder, { recursive: true });
    },
  };
}
