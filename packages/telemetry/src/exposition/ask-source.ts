import { type CheckedFamily, checkFamily, reasonOf } from './check-family.ts';
import type { FamilySource, MetricFamily, NamedSource, PendingFamily, RenderedFamily } from './family.ts';
import type { SeriesLine } from './series-line.ts';
import type { TimeSlices } from './time-slices.ts';

/** A source and how errors speak of it. */
export interface SourceToAsk {
  readonly name: string;
  readonly read: FamilySource;
}

/** What has become of one family of a source. */
export interface Answer {
  readonly name: string;
  /** How errors speak of its source. */
  readonly source: string;
  /** `undefined` until it is known. */
  readonly outcome: CheckedFamily | Error | undefined;
}

/** A source that has been asked. */
export interface AskedSource {
  readonly name: string;
  /** Its families; `undefined` until it has said which there are. */
  readonly answers: readonly Answer[] | undefined;
  /** Why it has none. */
  readonly failure: Error | undefined;
  /** Resolves when everything is known; it never rejects. */
  readonly complete: Promise<unknown>;
}

/** The lines of each family of each source at the last scrape, by its type and name. */
export type LineMemory = WeakMap<FamilySource, Map<string, readonly SeriesLine[]>>;

/**
 * Lines of a larger family are made anew at each scrape. A line takes some 250 bytes; who has more series than this in
 * one metric has a `SeriesTable` for it.
 */
const maxRememberedLines = 100_000;

/** Says of each source how errors speak of it: by its name or, if it has none, by its place and its function. */
export function nameSources(sources: readonly (FamilySource | NamedSource)[]): SourceToAsk[] {
  return sources.map((source, index) => {
    if (typeof source !== 'function') return { read: source.read, name: `source ${source.name}` };
    return { read: source, name: `source ${index + 1}${source.name === '' ? '' : ` (${source.name})`}` };
  });
}

/** Asks a source for its families. What fails in it is told by `failure` and by the `outcome` of its families. */
export function askSource(
  { name: source, read }: SourceToAsk,
  options: { readonly memory: LineMemory; readonly slices: TimeSlices; readonly onError: (error: Error) => void },
): AskedSource {
  const { memory, slices, onError } = options;
  const known = memory.get(read);
  const lines = new Map<string, readonly SeriesLine[]>();
  let answers: Answer[] | undefined;
  let failure: Error | undefined;

  const check = async (family: MetricFamily | RenderedFamily) => {
    const memoryKey = `${family.type} ${family.name}`;
    const knownLines = known?.get(memoryKey);
    const checkOptions = { slices, onError, ...(knownLines && { knownLines }) };
    const checked = await slices.inTurn(() => checkFamily(family, checkOptions));
    if (checked.lines.length <= maxRememberedLines) lines.set(memoryKey, checked.lines);
    return checked;
  };
  const take = async (answer: { -readonly [Key in keyof Answer]: Answer[Key] }, family: Yielded): Promise<void> => {
    try {
      answer.outcome = await check('family' in family ? await family.family : family);
    } catch (error) {
      const message = `metric ${answer.name} of ${source} is left out: ${reasonOf(error)}`;
      answer.outcome = new Error(message, { cause: error });
    }
  };
  const ask = async () => {
    try {
      const yielded = Array.from(await read(), (family) => ({
        family,
        answer: { name: family.name, source, outcome: undefined },
      }));
      answers = yielded.map(({ answer }) => answer);
      await Promise.all(yielded.map(({ answer, family }) => take(answer, family)));
      memory.set(read, lines);
    } catch (error) {
      failure = new Error(`${source} failed: ${reasonOf(error)}`, { cause: error });
    }
  };

  const complete = ask();
  return {
    name: source,
    complete,
    get answers() {
      return answers;
    },
    get failure() {
      return failure;
    },
  };
}

type Yielded = MetricFamily | RenderedFamily | PendingFamily;
