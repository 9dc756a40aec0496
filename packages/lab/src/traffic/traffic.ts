import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom } from './random.ts';
import { createVmClient } from './vm-client.ts';
import { liveVmLife } from './vm-life.ts';

/** Options of `startTraffic`. */
export interface TrafficOptions {
  readonly metaldUrl: string;
  /** How many clients there are; each has one VM at a time. */
  readonly clients: number;
  /** How long a VM runs, on average. */
  readonly lifeMs: number;
  readonly seed: number;
}

/** Clients that use metald until they are stopped. */
export interface Traffic {
  /** Lives that ended with an error, and the last one. */
  readonly failures: { count: number; last: string };
  /** Lets each client finish the request that it waits for, and no more. */
  stop(): Promise<void>;
}

/** Names of the tenants; clients are dealt out to them in turn. */
const tenants = ['acme', 'globex', 'initech', 'umbrella'];

/** How long a client waits after an error before it begins anew. */
const pauseAfterErrorMs = 1_000;

/** Starts the clients. Each draws from a stream of its own, so what one does is not changed by how long another waits. */
export function startTraffic({ metaldUrl, clients, lifeMs, seed }: TrafficOptions): Traffic {
  const stop = new AbortController();
  const failures = { count: 0, last: '' };
  const wait = (milliseconds: number) => sleep(milliseconds, undefined, { signal: stop.signal });

  async function beClient(index: number): Promise<void> {
    const client = createVmClient(metaldUrl, tenants[index % tenants.length] ?? 'acme', stop.signal);
    const random = createRandom(seed, index);
    while (!stop.signal.aborted) {
      try {
        await wait(random.around(lifeMs / 20));
        await liveVmLife({ client, random, lifeMs, wait });
      } catch (error) {
        if (stop.signal.aborted) return;
        failures.count += 1;
        failures.last = error instanceof Error ? error.message : String(error);
        await wait(pauseAfterErrorMs).catch(() => undefined);
      }
    }
  }

  const running = Promise.all(Array.from({ length: clients }, (_, index) => beClient(index)));
  return {
    failures,
    async stop() {
      stop.abort();
      await running;
    },
  };
}
