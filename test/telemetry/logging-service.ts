import { startTelemetry } from '@vmobs/telemetry';
import { runUntilSignal } from '@vmobs/telemetry/command';
import type { Order, Started } from './orders.ts';

/*
 * A service that logs as its parent process orders it to. Its lines are numbered.
 *
 * With the argument `unwatched` it does not use `runUntilSignal`, as a program without shutdown handling.
 */

const telemetry = await startTelemetry({ name: 'logger', version: '1.0.0', envPrefix: 'LOGGER', metricsPort: 0 });
let number = 0;

function log(count: number, padding = 0): void {
  for (let line = 0; line < count; line++)
    telemetry.logger.info({ number: number++, pad: 'x'.repeat(padding) }, 'line');
}

process.on('message', (order: Order) => {
  log(order.count, order.padding);
  if (order.kind === 'log and exit') process.exit(3);
  if (order.kind === 'log and throw') throw new Error('no disk');
  process.send?.('done');
});
process.send?.({ metricsUrl: telemetry.metricsUrl ?? '' } satisfies Started);

if (process.argv[2] !== 'unwatched') {
  process.exit(
    await runUntilSignal(() => ({
      close: telemetry.close,
      reopenLogs: telemetry.reopenLogs,
      logger: telemetry.logger,
    })),
  );
}
