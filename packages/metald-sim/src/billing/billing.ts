import type { Tracer } from '@opentelemetry/api';
import type { Logger } from '@vmobs/telemetry';
import type { Fleet } from '../fleet/fleet.ts';
import type { FleetSlots } from '../fleet/fleet-slots.ts';
import type { Vm } from '../fleet/vm.ts';
import type { MetaldMetrics } from '../metrics/metrics.ts';
import { createBatcher } from './batcher.ts';
import type { BillingClient } from './billing-client.ts';
import { type BreakerState, createBreaker } from './breaker.ts';
import { createDelivery } from './delivery.ts';
import { startHeartbeat } from './heartbeat.ts';
import { createLosses, type Losses } from './losses.ts';
import { nanoseconds } from './messages.ts';
import { createNotices } from './notices.ts';
import { createGapReport, createOutbox, type GapReport } from './outbox.ts';
import { resumeSpool } from './resume-spool.ts';
import type { SampleSink } from './sample-sink.ts';
import { startSampler } from './sampler.ts';
import { createSender } from './sender.ts';
import type { Spool } from './spool/spool.ts';
import { startStallWatch } from './stall-watch.ts';

/** How long the last batches may take to be sent, from the moment at which sampling stops. */
const drainMs = 3_000;
/** How long they may take at least, after requests have taken their time to finish. */
const leastDrainMs = 500;

/** Options of `startBilling`. */
export interface BillingOptions {
  readonly fleet: Fleet<unknown>;
  readonly client: BillingClient;
  /** Closed with the billing. */
  readonly spool: Spool;
  readonly metrics: MetaldMetrics;
  readonly logger: Logger;
  readonly tracer: Tracer;
  readonly intervalMs: number;
  readonly batchSize: number;
  readonly now: () => number;
  /** The fleet as the sampler sees it. @param gaps gets each time in which no VM was sampled @default as it is */
  readonly sampledSlots?: (slots: FleetSlots, gaps: GapReport) => FleetSlots;
  /** Wraps the batcher, for a fault between it and the sampler. @default as it is */
  readonly wrapSampleSink?: ((sink: SampleSink) => SampleSink) | undefined;
}

/** Brings the usage of the fleet to billaged: sampled, batched, stored, sent. */
export interface Billing {
  readonly breakerState: BreakerState;
  /** Memory that open batches take. */
  readonly byteLength: number;
  /** Tells billaged that a VM runs from zero. */
  vmStarted(vm: Vm): void;
  /** Sends the last samples of a VM, then tells billaged that it has stopped. */
  vmStopped(vm: Vm): void;
  /** Stops sampling and puts the open batches into the spool. What is in it is still sent. */
  stop(): void;
  /** Stops, and sends what is left for a bounded time. The rest stays in a durable spool, or is lost. */
  close(): Promise<void>;
}

/** Starts sampling, sending and heartbeats. What an earlier process has left in the spool is sent first. */
export function startBilling(options: BillingOptions): Billing {
  const { fleet, client, spool, metrics, logger, tracer, now } = options;
  const losses = createLosses({ metrics, logger });
  const notices = createNotices({ spool, metrics, logger });
  const breaker = createBreaker();

  // The way of a sample, from its end to its beginning: each stage is given the next one.
  const delivery = createDelivery({ client, spool, notices, losses, metrics, logger, tracer, now });
  const sender = createSender({ delivery, breaker });
  const outbox = createOutbox({ spool, notices, sender, losses, metrics, logger });
  const batcher = createBatcher({ batchSize: options.batchSize, outbox });
  resumeSpool({ spool, sender, outbox, metrics, logger, now });
  const { intervalMs, wrapSampleSink = (sink) => sink, sampledSlots = (slots) => slots } = options;
  const gaps = createGapReport(fleet, outbox);
  const slots = sampledSlots(fleet.slots, gaps);
  const sampler = startSampler({ slots, batcher: wrapSampleSink(batcher), metrics, intervalMs, now });
  const stallWatch = startStallWatch({ now, logger, gaps });
  const heartbeat = startHeartbeat({ fleet, client, logger, now });

  let stoppedAt: number | undefined;
  function stop(): void {
    if (stoppedAt !== undefined) return;
    stoppedAt = performance.now();
    sampler.stop();
    stallWatch.stop();
    heartbeat.stop();
    batcher.flushAll();
    outbox.closeGaps(nanoseconds(now()));
  }

  async function close(): Promise<void> {
    stop();
    const leftMs = Math.max(leastDrainMs, drainMs - (performance.now() - (stoppedAt ?? 0)));
    // While billaged is down there is nothing to wait for if the rest is on disk.
    await sender.close(spool.isDurable && breaker.state !== 'closed' ? 0 : leftMs);
    if (!spool.isDurable) loseRest(spool, losses);
    const { samples } = spool.depth;
    client.close();
    // Some may have room by now; the others are told at the next start.
    spool.keepGaps(outbox.closeGaps(nanoseconds(now())));
    await spool.close();
    const metrics_left_in_spool = spool.isDurable ? samples : 0;
    logger.info(
      { metrics_collected: sampler.sampleCount, metrics_dropped: losses.samples, metrics_left_in_spool },
      'billing stopped',
    );
  }

  return {
    get breakerState() {
      return breaker.state;
    },
    get byteLength() {
      return batcher.byteLength;
    },
    vmStarted({ id: vmId, customerId, bootedAtMs }) {
      outbox.notify({ kind: 'started', vmId, customerId, startTime: nanoseconds(bootedAtMs) });
    },
    vmStopped(vm) {
      batcher.flush(vm);
      outbox.notify({ kind: 'stopped', vmId: vm.id, stopTime: nanoseconds(now()) });
    },
    stop,
    close,
  };
}

/** Counts the batches of a spool in memory that could not be sent: they end with the process. */
function loseRest(spool: Spool, losses: Losses): void {
  for (const { content } of spool.waiting()) if (content.kind === 'batch') losses.lose(content, 'shutdown');
}
