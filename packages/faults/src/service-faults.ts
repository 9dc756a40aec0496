import type { Interceptor } from '@connectrpc/connect';
import type { MetricsHandler } from '@vmobs/telemetry/exposition';
import type { Chance } from './chance.ts';
import type { Fault } from './fault.ts';
import { createCpuBurn } from './process/cpu-burn.ts';
import { createEventLoopStall } from './process/event-loop-stall.ts';
import { createLogFlood } from './process/log-flood.ts';
import { createMemoryGrowth } from './process/memory-growth.ts';
import { createProcessCrash } from './process/process-crash.ts';
import { createMetricsFaults } from './service/metrics-faults.ts';
import { createRpcFaults } from './service/rpc-faults.ts';

/** The faults that any service can have, and how they enter it. */
export interface ServiceFaults {
  readonly faults: readonly Fault[];
  /** For the option of the same name of `startCommandTelemetry`. */
  readonly wrapMetrics: (handler: MetricsHandler) => MetricsHandler;
  /** For the server of the API: the last of its interceptors, which is the innermost. */
  readonly interceptor: Interceptor;
  /** The same for an RPC that does not pass through interceptors. @throws the error that the RPC fails with */
  readonly beforeRpc: (signal?: AbortSignal) => Promise<void>;
}

/** Makes the faults of the process, its metrics endpoint and its API. */
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
    wrapMetrics: metrics.wrap,
    interceptor: rpc.interceptor,
    beforeRpc: rpc.beforeRpc,
  };
}
