import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { eventually } from '@vmobs/testing';
import { onTestFinished } from 'vitest';

/** A shop as the documentation has it, which runs. */
export interface ShopProcess {
  readonly url: string;
  /** As the shop itself says in its log, if it does. */
  readonly metricsUrl: string | undefined;
  /** Sends SIGTERM and waits. @returns the exit status */
  end(): Promise<number | null>;
}

/** Starts a shop on free ports for the length of one test, its traces switched on, and waits until it listens. */
export async function startShop(node: string, program: string, collector: string): Promise<ShopProcess> {
  const child = spawn(node, [program], {
    env: { SHOP_PORT: '0', SHOP_OTEL_PROMETHEUS_PORT: '0', SHOP_OTEL_ENABLED: 'true', SHOP_OTEL_ENDPOINT: collector },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let written = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (written += text));
  }
  const closed = once(child, 'close');
  const find = (pattern: RegExp) => pattern.exec(written)?.[1];
  const url = await eventually(
    () => (child.exitCode === null ? find(/Server listening at (http:[^"]+)/) : ''),
    (address) => address !== undefined,
  );
  if (!url) throw new Error(`the shop ended before it listened: ${written}`);
  return {
    url,
    metricsUrl: find(/"metrics_url":"([^"]+)"/),
    async end() {
      child.kill('SIGTERM');
      const [status] = await closed;
      return status;
    },
  };
}
