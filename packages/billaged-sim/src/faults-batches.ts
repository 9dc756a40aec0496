import { type Chance, createFaultSwitch, probability } from '@vmobs/faults';

/** What may go wrong on the way of a batch; each is asked where it strikes. */
export interface BatchDisturbances {
  /**
   * Holds a batch up that has arrived and is not billed yet; `undefined` when nothing is in its way.
   *
   * @throws Error from the promise, when its processing fails
   */
  beforeProcessing(): Promise<void> | undefined;
  /** Whether the connection is cut of a batch that was billed, so that its sender does not learn of it. */
  losesAcknowledgement(): boolean;
}

/** Makes the faults of batches. */
export function createBatchFaults(chance: Chance) {
  const slow = createFaultSwitch({
    name: 'slow-processing',
    description:
      'Each batch takes longer until it is accounted for. The more that wait, the nearer is the limit of batches in flight.',
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
    description: 'Batches fail with internal, and nothing of them is billed. Their sender tries again.',
    parameters: { size: probability(0.2, 'share of batches that fail') },
  });
  const lostAnswers = createFaultSwitch({
    name: 'lost-acknowledgements',
    description:
      'Batches are billed, and the connection is cut before their sender is told. It sends them again; they are billed once.',
    parameters: { size: probability(0.2, 'share of batches whose acknowledgement is lost') },
  });

  async function disturb(): Promise<void> {
    if (slow.values !== undefined) await slow.hold(slow.values.size);
    if (chance(failing.values?.size)) {
      throw new Error('the fault processing-errors is on');
    }
  }

  const disturbances: BatchDisturbances = {
    beforeProcessing: () => (slow.values === undefined && failing.values === undefined ? undefined : disturb()),
    losesAcknowledgement: () => chance(lostAnswers.values?.size),
  };
  return { faults: [slow.fault, failing.fault, lostAnswers.fault], disturbances };
}
