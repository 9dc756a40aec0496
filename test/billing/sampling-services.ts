import { join } from 'node:path';
import { type RunningProgram, untilReady } from '@vmobs/testing';
import { onTestFinished } from 'vitest';
import { startCommand, startCommandInTest } from '../support/command.ts';

/** A billaged that is killed and started again over the same file, on the same ports. */
export async function startMortalBillaged(folder: string) {
  const lives: RunningProgram[] = [];
  const start = async (port: number, metricsPort: number) => {
    const life = startCommand('billaged-sim', [`--port=${port}`, `--metrics-port=${metricsPort}`], {
      BILLAGED_DATABASE: join(folder, 'billaged.db'),
      SIM_CONTROL: 'true',
    });
    lives.push(life);
    return { life, ...(await untilReady(life)) };
  };
  onTestFinished(() => {
    for (const life of lives) life.signal('SIGKILL');
  });
  let running = await start(0, 0);
  const { url, metricsUrl } = running;
  return {
    url,
    metricsUrl,
    async killAndStart() {
      running.life.signal('SIGKILL');
      await running.life.ended();
      running = await start(Number(new URL(url).port), Number(new URL(metricsUrl).port));
    },
  };
}

/** A metald that samples each VM every 10 ms and sends small batches, which it keeps on disk until then. */
export function startSamplingMetald(billingEndpoint: string, folder: string) {
  return untilReady(
    startCommandInTest('metald-sim', ['--port=0', '--metrics-port=0'], {
      UNKEY_METALD_BILLING_ENDPOINT: billingEndpoint,
      UNKEY_METALD_BILLING_INTERVAL: '10ms',
      UNKEY_METALD_BILLING_BATCH_SIZE: '25',
      UNKEY_METALD_SIM_SPOOL: join(folder, 'spool'),
      UNKEY_METALD_SIM_TIME_SCALE: '10000',
      UNKEY_METALD_MAX_PROCESSES: '10000',
      SIM_CONTROL: 'true',
    }),
  );
}
