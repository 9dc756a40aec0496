import { startTelemetry } from '@vmobs/telemetry';
import { onTestFinished } from 'vitest';
import { startBilling } from '../billing/billing.ts';
import type { GapNotice } from '../billing/messages.ts';
import type { GapReport } from '../billing/outbox.ts';
import type { EntryContent, SpoolEntry } from '../billing/spool/entry.ts';
import { createMemorySpool } from '../billing/spool/memory-spool.ts';
import type { Recovery, Spool } from '../billing/spool/spool.ts';
import { SpoolRefusedError } from '../billing/spool/spool-error.ts';
import { metaldDefaults } from '../config.ts';
import { createFleet } from '../fleet/fleet.ts';
import type { FleetSlots } from '../fleet/fleet-slots.ts';
import { createMetaldMetrics } from '../metrics/metrics.ts';

/** The moment at which the clock of a test begins, Unix milliseconds. */
export const nowMs = Date.UTC(2025, 0, 1);
/** The same in nanoseconds. */
export const nowNanos = BigInt(nowMs) * 1_000_000n;
/** How long a slow machine may take. */
export const patience = { timeout: 5_000, interval: 5 };

const nothingLeft: Recovery = { entries: [], liveVms: [], gaps: [], endedInOrder: true, corruptions: 0, tornBytes: 0 };

/** What is not as usual in a test. */
export interface TestBillingOptions {
  /** What an earlier process has left. @default nothing */
  readonly recovery?: Partial<Recovery>;
  /** Whether the spool says that it is. @default false */
  readonly isDurable?: boolean;
  /** @default 1000 */
  readonly batchSize?: number;
  /** Whether the test replaces what the sampler sees of the fleet, and so can report gaps. @default true */
  readonly wrapsSlots?: boolean;
  /** Refuses what it returns a reason for. */
  readonly refuse?: (content: EntryContent) => 'spool_full' | undefined;
  /** What billaged answers to a batch or a notice. */
  readonly answer?: () => Promise<void>;
  readonly answerHeartbeat?: () => Promise<void>;
}

/** Billing of a fleet whose clock only a test moves, into a spool in memory, to a billaged that notes what it hears. */
export async function startTestBilling(options: TestBillingOptions = {}) {
  const { recovery = {}, isDurable = false, batchSize = 1_000, wrapsSlots = true, refuse = () => undefined } = options;
  const { answer = async () => undefined, answerHeartbeat = async () => undefined } = options;
  const lines: Record<string, unknown>[] = [];
  const telemetry = await startTelemetry({
    name: 'metald',
    version: '0',
    settings: { ...metaldDefaults, metricsPort: 0, logLevel: 'debug' },
    logOutput: { write: (line) => void lines.push(JSON.parse(line)) },
  });
  onTestFinished(async () => void (await telemetry.close()));
  const clock = { now: nowMs };
  const now = () => clock.now;
  const fleet = createFleet({ maxVms: 10, seed: 1, hypervisor: { perform: async () => undefined }, now });
  const memory = createMemorySpool({ limitBytes: 1_000_000, now });
  const closed: string[] = [];
  const kept: GapNotice[] = [];
  const stored: SpoolEntry[] = [];
  const spool: Spool = {
    ...memory,
    get depth() {
      return memory.depth;
    },
    isDurable,
    recovery: { ...nothingLeft, ...recovery },
    append(content, trace, body) {
      const refusal = refuse(content);
      if (refusal !== undefined) throw new SpoolRefusedError(refusal, 'no room');
      const entry = memory.append(content, trace, body);
      stored.push(entry);
      return entry;
    },
    keepGaps: (gaps) => void kept.push(...gaps),
    close: async () => void closed.push('spool'),
  };
  const heard: unknown[] = [];
  const client = {
    async sendBatch() {
      await answer();
      heard.push('batch');
    },
    async sendNotice(notice: unknown) {
      await answer();
      heard.push(notice);
    },
    async sendHeartbeat(heartbeat: unknown) {
      heard.push(heartbeat);
      await answerHeartbeat();
    },
    close: () => void closed.push('client'),
  };
  let gaps: GapReport | undefined;
  const sampledSlots = (slots: FleetSlots, report: GapReport) => {
    gaps = report;
    return slots;
  };
  const billing = startBilling({
    fleet,
    client,
    spool,
    metrics: createMetaldMetrics(telemetry.metrics),
    logger: telemetry.logger,
    tracer: telemetry.tracer,
    intervalMs: 2,
    batchSize,
    now,
    ...(wrapsSlots && { sampledSlots }),
  });
  const notSampled = (fromMs: number, untilMs: number) => gaps?.notSampled(fromMs, untilMs);
  const adopt = () =>
    fleet.adopt({ customerId: 'acme', config: undefined, machine: { vcpus: 2, memoryBytes: 1024 ** 3 } });
  const page = async () => (await fetch(`${telemetry.metricsUrl}/metrics`)).text();
  const linesOf = (message: string) => lines.filter(({ msg }) => msg === message);
  return { billing, notSampled, clock, heard, stored, closed, kept, linesOf, adopt, page };
}
