import type { LogLine } from '@vmobs/testing';
import { billingClient } from '../support/clients.ts';
import { type ServiceProcess, startServiceProcess } from '../support/service-process.ts';

/** What one process has logged, and whether it was killed. */
export interface ReplicaLog {
  readonly lines: readonly LogLine[];
  readonly wasKilled: boolean;
}

/** Billageds that share a ledger, behind one address that asks them in turn, also those that are gone. */
export interface ReplicaSet {
  /** The client of the replica whose turn it is. */
  next(): ReturnType<typeof billingClient>;
  /** Kills one with SIGKILL. It stays in turn. */
  kill(index: number): Promise<void>;
  /** Starts one that was killed. */
  restart(index: number): Promise<void>;
  /** What all processes have logged, those that were killed included. */
  logs(): ReplicaLog[];
  /** Ends all in order. @returns their exit statuses */
  end(): Promise<(number | null)[]>;
  /** Kills what runs. */
  close(): void;
}

interface Replica {
  process: ServiceProcess;
  client: ReturnType<typeof billingClient>;
  isRunning: boolean;
}

/** Starts some billageds with these variables. */
export async function startReplicaSet(count: number, env: Readonly<Record<string, string>>): Promise<ReplicaSet> {
  const ended: ReplicaLog[] = [];
  let turns = 0;
  async function start(): Promise<Replica> {
    const process = await startServiceProcess('billaged-sim', env);
    return { process, client: billingClient(process.url), isRunning: true };
  }
  const replicas = await Promise.all(Array.from({ length: count }, start));
  function replicaAt(index: number): Replica {
    const replica = replicas[index % count];
    if (replica === undefined) throw new RangeError(`there is no replica ${index} of ${count}`);
    return replica;
  }
  return {
    next: () => replicaAt(turns++).client,
    async kill(index) {
      const replica = replicaAt(index);
      replica.isRunning = false;
      await replica.process.end('SIGKILL');
      ended.push({ lines: replica.process.log(), wasKilled: true });
    },
    async restart(index) {
      replicas[index % count] = await start();
    },
    logs: () => [
      ...ended,
      ...replicas
        .filter(({ isRunning }) => isRunning)
        .map(({ process }) => ({ lines: process.log(), wasKilled: false })),
    ],
    end: () => Promise.all(replicas.map(({ process }) => process.end())),
    close() {
      for (const { process } of replicas) void process.end('SIGKILL');
    },
  };
}
