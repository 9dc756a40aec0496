import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '@vmobs/settings';
import { deleteLeftoverVms } from './leftover-vms.ts';
import { createRandom } from './random.ts';
import { createVmClient } from './vm-client.ts';
import { liveVmLife } from './vm-life.ts';

/** Options of `startTraffic`. */
export interface TrafficOptions {
  readonly metaldUrl: string;
  /** Number of clients; each has one VM at a time. */
  readonly clients: number;
  /** Average lifetime of a VM. */
  readonly lifeMs: number;
  readonly seed: number;
  /** Waits, and rejects when the signal is aborted. @default the timers of Node */
  readonly wait?: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/** Running clients of metald. */
export interface Traffic {
  /** Number of VM life cycles that failed, and the last error. */
  readonly failures: { count: number; last: string };
  /** Stops each client after its current request. */
  stop(): Promise<void>;
}

/** Names of the tenants, assigned to clients in turn. */
const tenants = ['acme', 'globex', 'initech', 'umbrella'];

/** Wait of a client after an error. */
const pauseAfterErrorMs = 1_000;

/**
 * Starts the clients. Each has its own random stream, so the timing of one does not change another. Before its first VM, and
 * after a failure, a client deletes the VMs that carry its name: of this host, with this seed. So run traffic with one seed only
 * once from a host to a metald.
 */
export function startTraffic(options: TrafficOptions): Traffic {
  const { metaldUrl, clients, lifeMs, seed, wait: waitFor = waitWithTimer } = options;
  const stop = new AbortController();
  const failures = { count: 0, last: '' };
  const wait = (milliseconds: number) => waitFor(milliseconds, stop.signal);

  async function beClient(index: number): Promise<void> {
    const client = createVmClient(metaldUrl, tenants[index % tenants.length] ?? 'acme', stop.signal);
    const name = `${hostname()}/${seed}/${index}`;
    const random = createRandom(seed, index);
    let mayHaveLeftovers = true;
    while (!stop.signal.aborted) {
      try {
        if (mayHaveLeftovers) await deleteLeftoverVms(client, name);
        mayHaveLeftovers = false;
        await wait(random.around(lifeMs / 20));
        await liveVmLife({ client, name, random, lifeMs, wait });
      } catch (error) {
        if (stop.signal.aborted) return;
        mayHaveLeftovers = true;
        failures.count += 1;
        failures.last = messageOf(error);
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

function waitWithTimer(milliseconds: number, signal: AbortSignal): Promise<void> {
  return sleep(milliseconds, undefined, { signal });
}
