import { formatTable, medianOf } from '../report.ts';
import type { Measured, Round } from './measure.ts';
import type { SubjectName } from './subject-process.ts';

/** Formats the results of one size: a table for each share of changed values. */
export function reportTable(seriesCount: number, measured: readonly Measured[]): string {
  const byShare = Map.groupBy(measured, ({ share }) => share);
  return Array.from(byShare, ([share, ofShare]) => {
    const title = `${seriesCount.toLocaleString('en')} series, ${share * 100} % changed since the last scrape`;
    return `${title}\n${formatTable(toRows(ofShare))}`;
  }).join('\n\n');
}

function toRows(measured: readonly Measured[]) {
  const medianBy = (name: SubjectName, read: Reading) => {
    const subject = measured.find((one) => one.name === name);
    return subject === undefined ? Number.NaN : median(subject, read);
  };
  const [oursCpu, constantWall] = [medianBy('ours', scrapeCpu), medianBy('constant-buffer', wall)];
  return measured.map((one) => ({
    served: one.name,
    MB: (one.bytes / 1e6).toFixed(1),
    'scrape CPU ms': spread(one, scrapeCpu),
    'of ours': ratio(median(one, scrapeCpu), oursCpu),
    'update CPU ms': spread(one, ({ updateCpu }) => updateCpu),
    'wall ms': spread(one, wall),
    'of constant': ratio(median(one, wall), constantWall),
    'first byte ms': spread(one, ({ firstByte }) => firstByte),
    'stall ms': spread(one, ({ stall }) => stall),
    'filled MB': megabytes(one.filledMemory),
    'scrapes add MB': megabytes(sorted(one, ({ extraMemory }) => extraMemory).at(-1)),
  }));
}

/** Reads one figure of a round. */
type Reading = (round: Round) => number | undefined;

const scrapeCpu: Reading = (round) => round.scrapeCpu;
const wall: Reading = (round) => round.wall;

function sorted({ rounds }: Measured, read: Reading): number[] {
  return rounds.flatMap((round) => read(round) ?? []).sort((a, b) => a - b);
}

function median(measured: Measured, read: Reading): number {
  return medianOf(sorted(measured, read));
}

/** The median in milliseconds, with minimum and maximum. */
function spread(measured: Measured, read: Reading): string {
  const [least, ...others] = sorted(measured, read);
  if (least === undefined) return '-';
  const most = others.at(-1) ?? least;
  return `${short(median(measured, read) * 1e3)} (${short(least * 1e3)}-${short(most * 1e3)})`;
}

function megabytes(bytes: number | undefined): string {
  return bytes === undefined ? '-' : short(bytes / 1e6);
}

function ratio(value: number, base: number): string {
  return Number.isNaN(value / base) ? '-' : `x ${short(value / base)}`;
}

/** Three digits: more are noise. */
function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
