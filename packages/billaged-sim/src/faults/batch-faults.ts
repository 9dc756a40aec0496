import type { ServerResponse } from 'node:http';
import { Http2ServerResponse } from 'node:http2';
import { type Chance, createFaultSwitch, probability } from '@vmobs/faults';

/** The faults of a batch, each called at the place where it takes effect. */
export interface BatchFaults {
  /**
   * Delays or fails a batch that has arrived and is not billed yet; `undefined` while neither fault is on.
   *
   * @throws Error from the promise, when the batch fails
   */
  beforeProcessing(): Promise<void> | undefined;
  /** Whether the connection of a billed batch is cut, so that its sender gets no acknowledgement. */
  losesAcknowledgement(): boolean;
}

/** Makes the faults of batches. */
export function createBatchFaults(chance: Chance) {
  const slow = createFaultSwitch({
    name: 'slow-processing',
    description:
      'Each batch takes longer until it is billed. The more batches wait, the closer is the limit of batches in flight.',
    parameters: {
      size: {
        type: 'number',
        description: 'time added to a batch',
        unit: 'ms',
        minimum: 1,
        maximum: 60_000,
        default: 500,
      },
    },
  });
  const failing = createFaultSwitch({
    name: 'processing-errors',
    description: 'Batches fail with internal and are not billed. Their sender tries again.',
    parameters: { size: probability(0.2, 'share of batches that fail') },
  });
  const lostAnswers = createFaultSwitch({
    name: 'lost-acknowledgements',
    description:
      'Batches are billed, but the connection is cut before the acknowledgement. The sender sends them again; they are billed once.',
    parameters: { size: probability(0.2, 'share of batches whose acknowledgement is lost') },
  });

  async function delayOrFail(): Promise<void> {
    if (slow.values !== undefined) await slow.hold(slow.values.size);
    if (chance(failing.values?.size)) {
      throw new Error('the fault processing-errors is on');
    }
  }

  const hooks: BatchFaults = {
    beforeProcessing: () => (slow.values === undefined && failing.values === undefined ? undefined : delayOrFail()),
    losesAcknowledgement: () => chance(lostAnswers.values?.size),
  };
  return { faults: [slow.fault, failing.fault, lostAnswers.fault], hooks };
}

/** Cuts a connection as a broken network does: its client gets no answer. */
export function cutConnection(response: ServerResponse | Http2ServerResponse): void {
  // To end the HTTP/2 stream alone would look like an orderly end, and the client would wait for its answer.
  if (response instanceof Http2ServerResponse) response.stream.session?.destroy();
  else response.destroy();
}
