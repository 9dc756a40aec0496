import type { VmState } from './state-machine.ts';
import type { Usage } from './usage.ts';
import type { Machine, Workload } from './workload.ts';

/** One VM. Only the fleet changes it. */
export interface Vm<Config = unknown> {
  readonly id: string;
  /** Rises with each VM that is created: the order of lists. */
  readonly ordinal: number;
  readonly customerId: string;
  /** What the client asked for, as it asked for it. */
  readonly config: Config;
  readonly machine: Machine;
  readonly workload: Workload;
  readonly createdAtMs: number;
  state: VmState;
  /** An operation that has begun and not ended; until then no other may begin. */
  isBusy: boolean;
  modifiedAtMs: number;
  /** When it last began to run from zero. */
  bootedAtMs: number;
  usage: Usage;
  /** Until when `usage` has been counted. */
  usageUntilMs: number;
}
