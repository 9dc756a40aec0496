import { parseArgs } from 'node:util';
import { messageOf, UsageError } from '@vmobs/settings';
import { type SubjectName, subjectNames } from './subject-process.ts';

/** What `pnpm bench exposition` measures. */
export interface ExpositionOptions {
  readonly seriesCounts: readonly number[];
  readonly subjects: readonly SubjectName[];
  /** Shares of values that are changed before each scrape, 0 to 1. */
  readonly shares: readonly number[];
  readonly rounds: number;
}

/**
 * Reads the flags of `pnpm bench exposition`.
 *
 * @throws UsageError that says which flag is wrong, and what is allowed.
 */
export function readOptions(args: readonly string[]): ExpositionOptions {
  const values = readFlags(args);
  const numbers = (flag: 'series' | 'changed' | 'rounds', allowed: string, isAllowed: (value: number) => boolean) =>
    values[flag].split(',').map((text) => {
      const value = Number(text);
      if (text.trim() === '' || !isAllowed(value)) throw new UsageError(`--${flag} ${values[flag]}: ${allowed}`);
      return value;
    });
  const subjects = values.peers.split(',').map((text) => {
    const name = subjectNames.find((known) => known === text);
    if (name === undefined) throw new UsageError(`--peers: there is no ${text}; there is ${subjectNames.join(', ')}`);
    return name;
  });
  const [rounds = 0] = numbers('rounds', 'a number from 1', (value) => Number.isInteger(value) && value >= 1);
  return {
    seriesCounts: numbers('series', 'multiples of 4, with commas between', (value) => value > 0 && value % 4 === 0),
    subjects,
    shares: numbers('changed', 'shares from 0 to 1, with commas between', (value) => value >= 0 && value <= 1),
    rounds,
  };
}

function readFlags(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        series: { type: 'string', default: '10000,100000,1000000' },
        peers: { type: 'string', default: subjectNames.join() },
        changed: { type: 'string', default: '0,0.1,1' },
        rounds: { type: 'string', default: '5' },
      },
    });
    return values;
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}
