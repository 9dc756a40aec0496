import { ConnectError } from '@connectrpc/connect';
import type { Tracer } from '@opentelemetry/api';
import type { Logger } from '@vmobs/telemetry';
import type { Fleet } from '../fleet/fleet.ts';
import type { Vm } from '../fleet/vm.ts';
import type { MetaldMetrics } from '../metrics.ts';
import { type BatchOwner, createBatches } from './batches.ts';
import type { BillingClient } from './billing-client.ts';
import { createDeliveries } from './deliveries.ts';
import type { BillingQueue } from './queue.ts';
import { startSampler } from './sampler.ts';

/** How often metald says that it is alive, as in the real one. */
const heartbeatMs = 30_000;

/** How long the last batches may take to be sent at the end. */
const drainMs = 3_000;

/** Options of `startBilling`. */
export interface BillingOptions {
  readonly fleet: Fleet<unknown>;
  readonly client: BillingClient;
  readonly queue: BillingQueue;
  readonly metrics: MetaldMetrics;
  readonly logger: Logger;
  readonly tracer: Tracer;
  readonly intervalMs: number;
  readonly batchSize: number;
  readonly now: () => number;
}

/** Brings the usage of the fleet to billaged: sampled, batched, queued, sent. */
export interface Billing {
  /** Tells billaged that a VM runs from zero. */
  vmStarted(vm: Vm): void;
  /** Sends what is left of a VM, then tells billaged that it has stopped. */
  vmStopped(vm: Vm): void;
  /** Stops sampling and sends what is left, for a bounded time. */
  close(): Promise<void>;
}

/** Starts sampling and heartbeats. */
export function startBilling(options: BillingOptions): Billing {
  const { fleet, client, queue, metrics, logger, intervalMs, batchSize, now } = options;
  const batches = createBatches(batchSize);
  const deliveries = createDeliveries(options);
  let collected = 0;
  const instanceId = `metald-${Math.floor(now() / 1_000)}`;

  const sampler = startSampler({
    fleet,
    intervalMs,
    now,
    onSample(vm, sample) {
      metrics.billingMetricsCollected.inc();
      collected += 1;
      const full = batches.add(ownerOf(vm), sample);
      if (full !== undefined) queue.add(deliveries.batch(full));
    },
  });

  const heartbeat = setInterval(sendHeartbeat, heartbeatMs);
  function sendHeartbeat(): void {
    const activeVms = Array.from(fleet.running(), ({ id }) => id);
    client.sendHeartbeat({ instanceId, activeVms }).catch((error: unknown) => {
      logger.warn({ instance_id: instanceId, error: ConnectError.from(error).message }, 'heartbeat was not taken');
    });
  }
  sendHeartbeat();

  return {
    vmStarted(vm) {
      queue.add(deliveries.notice({ kind: 'started', ...ownerOf(vm), startTime: nanoseconds(vm.bootedAtMs) }));
    },
    vmStopped(vm) {
      const rest = batches.take(vm.id);
      if (rest !== undefined) queue.add(deliveries.batch(rest));
      queue.add(deliveries.notice({ kind: 'stopped', vmId: vm.id, stopTime: nanoseconds(now()) }));
    },
    async close() {
      sampler.stop();
      clearInterval(heartbeat);
      for (const rest of batches.takeAll()) queue.add(deliveries.batch(rest));
      const dropped = await queue.close(drainMs);
      logger.info({ metrics_collected: collected, metrics_dropped: dropped }, 'billing has ended');
    },
  };
}

function ownerOf({ id, customerId }: Vm): BatchOwner {
  return { vmId: id, customerId };
}

function nanoseconds(unixMs: number): bigint {
  return BigInt(Math.floor(unixMs)) * 1_000_000n;
}
