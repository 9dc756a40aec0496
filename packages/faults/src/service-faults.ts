import type { Interceptor } from '@connectrpc/connect';
import type { MetricsHandler } from '@vmobs/telemetry';
import type { Chance } from './chance.ts';
import type { Fault } from './fault.ts';
import { createCpuBurn } from './process/cpu-burn.ts';
import { createEventLoopStall } from './process/event-loop-stall.ts';
import { createLogFlood } from './process/log-flood.ts';
import { createMemoryGrowth } from './process/memory-growth.ts';
import { createProcessCrash } from './process/process-crash.ts';
import { createMetricsFaults } from './service/metrics-faults.ts';
import { createRpcFaults } from './service/rpc-faults.ts';

/** The faults that any service can have, and where they strike. */
export interface ServiceFaults {
  readonly faults: readonly Fault[];
  /** For the option of the same name of `startTelemetry`. */
  readonly aroundMetrics: (handler: MetricsHandler) => MetricsHandler;
  /** For the server of the API: the last one of its list, which is the innermost. */
  readonly interceptor: Interceptor;
  /** What the interceptor does before an RPC, for one that has a route of its own. @throws what the RPC fails with */
  readonly beforeRpc: (signal?: AbortSignal) => Promise<void>;
}

/** Makes the faults of the process, of its metrics endpoint and of its API. */
export function createServiceFaults(chance: Chance): ServiceFaults {
  const metrics = createMetricsFaults(chance);
  const rpc = createRpcFaults(chance);
  return {
    faults: [
      createCpuBurn(),
      createMemoryGrowth(),
      createEventLoopStall(),
      createLogFlood(),
      createProcessCrash(),
      ...metrics.faults,
      ...rpc.faults,
    ],
    aroundMetrics: metrics.around,
    interceptor: rpc.interceptor,
    beforeRpc: rpc.beforeRpc,
  };
}
