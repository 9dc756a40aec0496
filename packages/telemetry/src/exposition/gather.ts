import { type Answer, type AskedSource, askSource, type LineMemory, nameSources } from './ask-source.ts';
import type { CheckedFamily } from './check-family.ts';
import type { FamilySource, NamedSource } from './family.ts';
import { claimNames } from './name-claims.ts';
import { createTimeSlices } from './time-slices.ts';

/** What the sources said. */
export interface Gathered {
  readonly families: readonly CheckedFamily[];
  /** What is missing, and why: a source or a family that failed costs only itself. */
  readonly errors: readonly Error[];
}

/** Asks sources on behalf of scrapes; those that overlap share the answers. */
export interface Gatherer {
  /**
   * Asks every source at the same time, or waits for answers that an earlier call waits for.
   *
   * @param limitMs how long to wait; the page goes without what has not answered by then
   */
  gather(limitMs: number): Promise<Gathered>;
}

/** Options of `createGatherer`. */
export interface GathererOptions {
  /** Asked which there are at each scrape, so more may be added. */
  readonly sources: () => readonly (FamilySource | NamedSource)[];
  /** Is told once of each error, however many scrapes share it. */
  readonly onError: (error: Error) => void;
  /** After so long scrapes stop waiting for those answers with each other, and a new one asks again. */
  readonly sourceTimeoutMs: number;
}

/** Makes a gatherer. It remembers the lines that it made, so that the next scrape need not. */
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
      await settledOrLate(complete, limitMs);
      const gathered = putTogether(asked, limitMs);
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

/** Families in the order of their sources, whichever answered first. */
function putTogether(asked: readonly AskedSource[], limitMs: number): Gathered {
  const errors: Error[] = [];
  const answers: Answer[] = [];
  for (const source of asked) {
    if (source.failure !== undefined) errors.push(source.failure);
    else if (source.answers === undefined) errors.push(new Error(`${source.name} ${didNotAnswer(limitMs)}`));
    else answers.push(...source.answers);
  }
  const claims = claimNames();
  const families: CheckedFamily[] = [];
  for (const { name, source, outcome } of answers) {
    if (outcome === undefined) errors.push(new Error(`metric ${name} of ${source} ${didNotAnswer(limitMs)}`));
    else if (outcome instanceof Error) errors.push(outcome);
    else {
      const clash = claims.claim(outcome, source);
      if (clash === undefined) families.push(outcome);
      else errors.push(clash);
    }
  }
  return { families, errors };
}

function didNotAnswer(limitMs: number): string {
  return `did not answer within ${Number((limitMs / 1_000).toPrecision(3))} s; the page goes without it`;
}

async function settledOrLate(promise: Promise<unknown>, limitMs: number): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, limitMs);
  await Promise.race([promise, late.promise]);
  clearTimeout(timer);
}
