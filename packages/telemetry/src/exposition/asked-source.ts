import { messageOf } from '@vmobs/settings';
import { type CheckedFamily, checkFamily } from './check-family.ts';
import type { FamilySource, MetricFamily, NamedSource, PendingFamily, RenderedFamily } from './family.ts';
import type { SeriesLine } from './series-line.ts';
import type { TimeSlices } from './time-slices.ts';

/** A source with its name in error messages. */
export interface SourceToAsk {
  readonly name: string;
  readonly read: FamilySource;
}

/** The state of one family of a source. */
export interface Answer {
  readonly name: string;
  /** Name of its source in error messages. */
  readonly source: string;
  /** `undefined` while it is being read. */
  readonly outcome: CheckedFamily | Error | undefined;
}

/** A source that has been asked. */
export interface AskedSource {
  readonly name: string;
  /** Its families; `undefined` until the source has listed them. */
  readonly answers: readonly Answer[] | undefined;
  /** Why the source failed as a whole. */
  readonly failure: Error | undefined;
  /** Resolves when every family was read or failed; never rejects. */
  readonly complete: Promise<unknown>;
}

type Yielded = MetricFamily | RenderedFamily | PendingFamily;

/** The lines of each source at the last scrape, by type and name of their family. */
export type LineMemory = WeakMap<FamilySource, Map<string, readonly SeriesLine[]>>;

/**
 * Lines of a larger family are made again at each scrape. A line takes about 250 bytes; use a `SeriesTable` for a metric
 * with more series.
 */
const maxRememberedLines = 100_000;

/** Gives each source a name for error messages: its own or, without one, its position and the name of its function. */
export function nameSources(sources: readonly (FamilySource | NamedSource)[]): SourceToAsk[] {
  return sources.map((source, index) => {
    if (typeof source !== 'function') return { read: source.read, name: `source ${source.name}` };
    return { read: source, name: `source ${index + 1}${source.name === '' ? '' : ` (${source.name})`}` };
  });
}

/** Starts to read the families of a source. `failure` and the `outcome` of each family tell what failed. */
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
      const message = `metric ${answer.name} of ${source} is left out: ${messageOf(error)}`;
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
      failure = new Error(`${source} failed: ${messageOf(error)}`, { cause: error });
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
