import { CommandError } from '@vmobs/settings';
import type { Sample } from './draw.ts';
import type { MutantGroup } from './groups.ts';
import { type GroupRecord, type MutantRecord, recordFile, type Score } from './record.ts';

/** Draws one group. In a run of all groups, each mutant in code that runs at module load would run the tests of all groups. */
export function drawGroup(groups: readonly MutantGroup[], seed: number): MutantGroup {
  const group = groups[seed % groups.length];
  if (group === undefined) throw new RangeError('there is no group to draw from');
  return group;
}

/**
 * Plans a sample that takes about `sampleMs`: the share of the mutants that could be tried in that time when the group was
 * recorded. The plan is a share and not a time, so that a slow machine draws the same mutants.
 *
 * @throws CommandError when the group has never been recorded
 */
export function planSample(
  group: MutantGroup,
  record: MutantRecord,
  { seed, sampleMs }: { readonly seed: number; readonly sampleMs: number },
): Sample {
  const { seconds, tried, mutants } = recordOf(group, record);
  return { seed, share: Math.min(1, (sampleMs / 1_000) * (tried / seconds / mutants)) };
}

/**
 * The recorded share of killed mutants of a group. A share that comes from a sample is uncertain, so two standard errors are
 * subtracted from it: an error of the recorded sample must not make a later one fail.
 *
 * @throws CommandError when the group has never been recorded
 */
export function recordedShare(group: MutantGroup, record: MutantRecord): number {
  const { mutants, tried, noticed } = recordOf(group, record);
  const found = noticed / tried;
  return found - 2 * Math.sqrt(((found * (1 - found)) / tried) * (1 - tried / mutants));
}

/** A sample whose chance is below this counts as a drop of the score. Every change has a run, so false alarms must be rare. */
export const chanceOfFalseAlarm = 1e-6;

/**
 * The probability that a sample kills as few mutants as this one, or fewer, while the share of killed mutants is unchanged. A
 * sample of finitely many mutants varies less than this binomial distribution, so the true probability is smaller.
 */
export function chanceOfSoFew({ tried, noticed }: Score, share: number): number {
  if (share >= 1) return noticed < tried ? 0 : 1;
  if (share <= 0) return 1;
  let total = 0;
  // Logarithms, because the coefficients for a few hundred mutants exceed the range of a double.
  let logTerm = tried * Math.log1p(-share);
  for (let count = 0; count <= noticed; count += 1) {
    total += Math.exp(logTerm);
    logTerm += Math.log((tried - count) / (count + 1)) + Math.log(share) - Math.log1p(-share);
  }
  return Math.min(1, total);
}

function recordOf({ name }: MutantGroup, record: MutantRecord): GroupRecord {
  const found = record[name];
  if (found !== undefined) return found;
  throw new CommandError(`${recordFile} has no group ${name}: record it first, \`pnpm mutants ${name} --record\``);
}
