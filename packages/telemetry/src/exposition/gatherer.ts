import { within } from '../deadlines/within.ts';
import { type Answer, type AskedSource, askSource, type LineMemory, nameSources } from './asked-source.ts';
import type { CheckedFamily } from './check-family.ts';
import type { FamilySource, NamedSource } from './family.ts';
import { createReservedNames } from './reserved-names.ts';
import { createTimeSlices } from './time-slices.ts';

/** What all sources returned for one scrape. */
export interface Gathered {
  readonly families: readonly CheckedFamily[];
  /** What is missing and why. A source or a family that fails does not affect the others. */
  readonly errors: readonly Error[];
}

/** Asks sources on behalf of scrapes; overlapping scrapes share the answers. */
export interface Gatherer {
  /**
   * Asks all sources at the same time, or shares the answers that an earlier call still waits for.
   *
   * @param limitMs how long to wait, in milliseconds; what has not answered by then is left out
   */
  gather(limitMs: number): Promise<Gathered>;
}

/** Options of `createGatherer`. */
export interface GathererOptions {
  /** Called at each scrape, so sources may be added later. */
  readonly sources: () => readonly (FamilySource | NamedSource)[];
  /** Called once per error, however many scrapes share it. */
  readonly onError: (error: Error) => void;
  /** How long overlapping scrapes share answers, in milliseconds; a scrape after that asks again. */
  readonly sourceTimeoutMs: number;
}

/** Makes a gatherer. It keeps the lines that it made, for the next scrape to reuse. */
export function createGatherer({ sources, onError, sourceTimeoutMs }: GathererOptions): Gatherer {
  const memory: LineMemory = new WeakMap();
  const slices = createTimeSlices();
  let current: Gathering | undefined;

  function begin(): Gathering {
    const reported = new Set<string>();
    const report = (error: Error) => {
      if (reported.has(error.message)) return;
      reported.add(error.message);
      onError(error);
    };
    const asked = nameSources(sources()).map((source) => askSource(source, { memory, slices, onError: report }));
    const gathering = { asked, complete: Promise.all(asked.map(({ complete }) => complete)), report };
    const retire = () => {
      clearTimeout(patience);
      if (current === gathering) current = undefined;
    };
    const patience = setTimeout(retire, sourceTimeoutMs).unref();
    void gathering.complete.then(retire);
    return gathering;
  }

  return {
    async gather(limitMs) {
      current ??= begin();
      const { asked, complete, report } = current;
      await within(complete, limitMs, () => undefined);
      const gathered = combine(asked, limitMs);
      for (const error of gathered.errors) report(error);
      return gathered;
    },
  };
}

interface Gathering {
  readonly asked: readonly AskedSource[];
  readonly complete: Promise<unknown>;
  readonly report: (error: Error) => void;
}

/** Lists families in the order of their sources, whichever answered first. */
function combine(asked: readonly AskedSource[], limitMs: number): Gathered {
  const errors: Error[] = [];
  const answers: Answer[] = [];
  for (const source of asked) {
    if (source.failure !== undefined) errors.push(source.failure);
    else if (source.answers === undefined) errors.push(new Error(`${source.name} ${didNotAnswer(limitMs)}`));
    else answers.push(...source.answers);
  }
  const names = createReservedNames();
  const families: CheckedFamily[] = [];
  for (const { name, source, outcome } of answers) {
    if (outcome === undefined) errors.push(new Error(`metric ${name} of ${source} ${didNotAnswer(limitMs)}`));
    else if (outcome instanceof Error) errors.push(outcome);
    else {
      const clash = names.reserve(outcome, source);
      if (clash === undefined) families.push(outcome);
      else errors.push(clash);
    }
  }
  return { families, errors };
}

function didNotAnswer(limitMs: number): string {
  return `did not answer within ${Number((limitMs / 1_000).toPrecision(3))} s and is left out of the page`;
}
