import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { connectNodeAdapter } from '@connectrpc/connect-node';
import { BillingService } from '@vmobs/wire/billing';
import { onTestFinished } from 'vitest';

/** A batch as it came. */
export interface RecordedBatch {
  readonly vmId: string;
  /** Unix milliseconds. */
  readonly times: readonly number[];
}

/** A billaged that takes everything and remembers it, for the length of one test. */
export async function startRecordingBillaged() {
  const batches: RecordedBatch[] = [];
  const gaps: { readonly vmId: string; readonly fromMs: number; readonly untilMs: number }[] = [];
  const millisecondsOf = (nanoseconds: bigint) => Number(nanoseconds / 1_000_000n);
  const answers = connectNodeAdapter({
    routes: (router) =>
      router.service(BillingService, {
        sendMetricsBatch({ vmId, metrics }) {
          batches.push({ vmId, times: metrics.map(({ timestamp }) => (timestamp ? timestampMs(timestamp) : 0)) });
          return { success: true };
        },
        notifyPossibleGap({ vmId, lastSent, resumeTime }) {
          gaps.push({ vmId, fromMs: millisecondsOf(lastSent), untilMs: millisecondsOf(resumeTime) });
          return { success: true };
        },
        notifyVmStarted: () => ({ success: true }),
        notifyVmStopped: () => ({ success: true }),
        sendHeartbeat: () => ({ success: true }),
      }),
  });
  const server = createServer(answers).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, batches, gaps };
}
