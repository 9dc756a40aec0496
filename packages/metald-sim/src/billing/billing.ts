import { ConnectError } from '@connectrpc/connect';
import { context, propagation, ROOT_CONTEXT, type Tracer } from '@opentelemetry/api';
import type { Logger } from '@vmobs/telemetry';
import type { Fleet } from '../fleet/fleet.ts';
import type { Vm } from '../fleet/vm.ts';
import type { MetaldMetrics } from '../metrics.ts';
import type { Batch } from './batch.ts';
import type { BillingClient } from './billing-client.ts';
import { type BreakerState, createBreaker } from './breaker.ts';
import { startCollection } from './collection.ts';
import { createDeliveries } from './deliveries.ts';
import { createGaps } from './gaps.ts';
import type { GroundTruth } from './ground-truth.ts';
import { createLosses, describeBatch } from './losses.ts';
import type { Notice } from './notice.ts';
import { createSender } from './sender.ts';
import { type BatchHeader, headerOf, type SpoolEntry } from './spool/entry.ts';
import type { Spool } from './spool/spool.ts';
import { SpoolRefusedError } from './spool/spool-error.ts';
import { startStallWatch } from './stall-watch.ts';

/** How often metald says that it is alive, as in the real one. */
const heartbeatMs = 30_000;

/** How long the last batches may take to be sent at the end. */
const drainMs = 3_000;

/** Options of `startBilling`. */
export interface BillingOptions {
  readonly fleet: Fleet<unknown>;
  readonly truth: GroundTruth;
  readonly client: BillingClient;
  /** Closed with the billing. */
  readonly spool: Spool;
  readonly metrics: MetaldMetrics;
  readonly logger: Logger;
  readonly tracer: Tracer;
  readonly intervalMs: number;
  readonly batchSize: number;
  readonly now: () => number;
}

/** Brings the usage of the fleet to billaged: collected in batches, stored, sent. */
export interface Billing {
  readonly breakerState: BreakerState;
  /** Memory that open batches take. */
  readonly byteLength: number;
  /** Tells billaged that a VM runs from zero. */
  vmStarted(vm: Vm): void;
  /** Sends what is left of a VM, then tells billaged that it has stopped. */
  vmStopped(vm: Vm): void;
  /** Tells billaged that no VM was sampled from one moment to another, Unix milliseconds. */
  notSampled(fromMs: number, untilMs: number): void;
  /** Stops sampling and sends what is left, for a bounded time. What is not sent then waits in a durable spool. */
  close(): Promise<void>;
}

/** Starts sampling, sending and heartbeats; first comes what an earlier process has left in the spool. */
export function startBilling(options: BillingOptions): Billing {
  const { fleet, truth, client, spool, metrics, logger, tracer, intervalMs, batchSize, now } = options;
  const losses = createLosses({ metrics, logger, onStoredLoss });
  const gaps = createGaps();
  const breaker = createBreaker();
  const sender = createSender({
    breaker,
    attempt: createDeliveries({ client, spool, losses, metrics, logger, tracer, now }),
  });
  const instanceId = `metald-${Math.floor(now() / 1_000)}`;
  resume();

  const collection = startCollection({ slots: fleet.slots, truth, metrics, intervalMs, batchSize, now, onBatch: keep });
  const stallWatch = startStallWatch({ now, onStall });
  const heartbeat = setInterval(sendHeartbeat, heartbeatMs);
  sendHeartbeat();

  /** Stores a batch and hands it on. */
  function keep(batch: Batch): void {
    const header = headerOf(batch);
    metrics.billingBatchSize.observe(batch.sampleCount);
    try {
      // In no trace: it is sent in one of its own.
      const entry = spool.append(header, {}, batch.bytes);
      logger.debug(describeBatch(header), 'billing batch stored');
      sender.add(entry);
      // Behind the batch that ends it: a spool without room for batches must not fill with notices of gaps.
      notify(gaps.close(batch.vmId, batch.firstTimestamp));
    } catch (error) {
      if (!(error instanceof SpoolRefusedError)) throw error;
      losses.lose(header, error.refusal, error);
      gaps.open(header);
    }
  }

  /** Stores a notice with the trace of what caused it, and hands it on. */
  function notify(notice: Notice | undefined): void {
    if (notice === undefined) return;
    const trace: Record<string, string> = {};
    propagation.inject(context.active(), trace);
    try {
      sender.add(spool.append(notice, trace));
    } catch (error) {
      if (!(error instanceof SpoolRefusedError)) throw error;
      metrics.errors.inc({ component: 'billing' });
      const { kind, vmId } = notice;
      logger.error(
        { operation: 'store_notice', vm_id: vmId, notice: kind, reason: error.refusal, error: error.message },
        'billing notice was given up',
      );
    }
  }

  /** A batch that was stored is lost after all: billaged has to hear of it from us. */
  function onStoredLoss({ vmId, firstTimestamp, lastTimestamp }: BatchHeader): void {
    context.with(ROOT_CONTEXT, () =>
      notify({ kind: 'gap', vmId, lastSent: firstTimestamp, resumeTime: lastTimestamp }),
    );
  }

  /** Nothing was sampled while this process did not run. */
  function onStall(fromMs: number, untilMs: number): void {
    logger.warn({ gap_duration_ms: untilMs - fromMs }, 'metald did not run; samples are missing');
    notSampled(fromMs, untilMs);
  }

  function notSampled(fromMs: number, untilMs: number): void {
    for (const { id } of fleet.running()) {
      notify({ kind: 'gap', vmId: id, lastSent: nanoseconds(fromMs), resumeTime: nanoseconds(untilMs) });
    }
  }

  /** Goes on with what an earlier process has left. Its VMs are gone with it: their batches were open at most. */
  function resume(): void {
    const { entries, liveVms, endedInOrder, damagedStretches, tornBytes } = spool.recovery;
    if (entries.length + liveVms.length + damagedStretches + tornBytes > 0) {
      const { batches, samples } = spool.depth;
      const fields = { batches, samples, vms: liveVms.length, ended_in_order: endedInOrder, torn_bytes: tornBytes };
      logger.info({ ...fields, damaged_stretches: damagedStretches }, 'billing goes on with the spool');
    }
    if (damagedStretches > 0) {
      metrics.errors.inc({ component: 'billing' });
      // Whose batches they were is in what cannot be read.
      logger.error(
        {
          operation: 'recover_spool',
          damaged_stretches: damagedStretches,
          error: 'records do not have their checksums',
        },
        'the spool is damaged: batches are lost',
      );
    }
    for (const entry of entries) sender.add(entry);
    for (const { vmId, lastTimestamp } of liveVms) {
      if (!endedInOrder) notify({ kind: 'gap', vmId, lastSent: lastTimestamp, resumeTime: nanoseconds(now()) });
      notify({ kind: 'stopped', vmId, stopTime: lastTimestamp });
    }
  }

  function sendHeartbeat(): void {
    const activeVms = Array.from(fleet.running(), ({ id }) => id);
    client.sendHeartbeat({ instanceId, activeVms }).catch((error: unknown) => {
      logger.warn({ instance_id: instanceId, error: ConnectError.from(error).message }, 'heartbeat was not taken');
    });
  }

  /** Without a durable spool, what is left is lost. */
  function loseRest(waiting: Iterable<SpoolEntry>): void {
    for (const { content } of waiting) if (content.kind === 'batch') losses.lose(content, 'shutdown');
  }

  return {
    get breakerState() {
      return breaker.state;
    },
    get byteLength() {
      return collection.byteLength;
    },
    vmStarted(vm) {
      const { id: vmId, customerId, bootedAtMs } = vm;
      notify({ kind: 'started', vmId, customerId, startTime: nanoseconds(bootedAtMs) });
    },
    vmStopped(vm) {
      const rest = collection.take(vm);
      if (rest !== undefined) keep(rest);
      const stopTime = nanoseconds(now());
      notify(gaps.close(vm.id, stopTime));
      notify({ kind: 'stopped', vmId: vm.id, stopTime });
    },
    notSampled,
    async close() {
      collection.stop();
      stallWatch.stop();
      clearInterval(heartbeat);
      for (const rest of collection.takeAll()) keep(rest);
      // With billaged down there is nothing to wait for when what is left is on disk.
      await sender.close(spool.isDurable && breaker.state !== 'closed' ? 0 : drainMs);
      if (!spool.isDurable) loseRest(spool.waiting());
      const { samples } = spool.depth;
      client.close();
      await spool.close();
      logger.info(
        {
          metrics_collected: collection.sampleCount,
          metrics_dropped: losses.samples,
          metrics_left_in_spool: spool.isDurable ? samples : 0,
        },
        'billing has ended',
      );
    },
  };
}

function nanoseconds(unixMs: number): bigint {
  return BigInt(Math.floor(unixMs)) * 1_000_000n;
}
