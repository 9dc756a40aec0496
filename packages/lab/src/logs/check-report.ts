import { type ProcessReport, total } from './compare-logs.ts';
import { countOf, formatSequences, type Sequences } from './sequences.ts';

/** The result of a check, as `--json` prints it. Ranges are strings such as `3, 7-12`. */
export interface CheckReport {
  readonly store: string;
  /** Earlier lines are not checked; ISO 8601. */
  readonly since: string;
  readonly missing: number;
  readonly waiting: number;
  readonly overdue: number;
  readonly doubled: number;
  readonly processes: readonly {
    readonly service: string;
    readonly instance: string;
    readonly first: number;
    readonly last: number;
    readonly written: number;
    readonly stored: number;
    readonly doubled: number;
    readonly missing: string;
    /** Missing lines that are in no file any more, so that they cannot be repaired. */
    readonly gone: string;
    readonly givenUp: string;
    readonly waiting: string;
    /** Waiting lines that should be stored by now. */
    readonly overdue: string;
  }[];
}

/** The report as JSON. */
export function createCheckReport(store: string, since: number, reports: readonly ProcessReport[]): CheckReport {
  return {
    store,
    since: new Date(since).toISOString(),
    missing: total(reports, 'missing'),
    waiting: total(reports, 'waiting'),
    overdue: total(reports, 'overdue'),
    doubled: reports.reduce((sum, { doubled }) => sum + doubled, 0),
    processes: reports.map(({ missing, gone, givenUp, waiting, overdue, ...rest }) => ({
      ...rest,
      missing: formatSequences(missing),
      gone: formatSequences(gone),
      givenUp: formatSequences(givenUp),
      waiting: formatSequences(waiting),
      overdue: formatSequences(overdue),
    })),
  };
}

const columns = ['service', 'process', 'first', 'last', 'in files', 'stored', 'missing', 'stored again'] as const;

/** What a text report needs to know. */
export interface ReportContext {
  /** Name of the store. */
  readonly store: string;
  /** Folders of the log files. */
  readonly folders: readonly string[];
  /** Earlier lines are not checked; Unix ms. */
  readonly since: number;
  /** The repair command with its flags. */
  readonly repairCommand: string;
  /** Whether the missing lines were sent and had time to be stored. @default false */
  readonly isRepaired?: boolean;
}

/** The report as text: a row for each process with its ranges, then the totals and what to do. */
export function writeCheckReport(context: ReportContext, reports: readonly ProcessReport[]): string {
  const { store, folders, since } = context;
  const rows = reports.map(({ service, instance, first, last, written, stored, missing, doubled }) =>
    [service, instance, first, last, written, stored, countOf(missing), doubled].map(String),
  );
  const widths = columns.map((name, index) => Math.max(name.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const align = (cells: readonly string[]) =>
    cells
      .map((cell, index) => (index < 2 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0)))
      .join('  ');
  const lines = [
    `${store} against the log files in ${folders.join(', ')}`,
    `lines written since ${new Date(since).toISOString()}`,
    '',
    align(columns),
  ];
  for (const [index, report] of reports.entries()) lines.push(align(rows[index] ?? []), ...writeRanges(report));
  return `${[...lines, '', ...writeSum(context, reports)].join('\n')}\n`;
}

function writeRanges({ missing, gone, givenUp, waiting }: ProcessReport): string[] {
  const range = (name: string, sequences: Sequences) =>
    sequences.length === 0 ? [] : [`    ${name}: ${formatSequences(sequences)}`];
  return [
    ...range('missing', missing),
    ...range('of these in no file any more', gone),
    ...range('given up by the service', givenUp),
    ...range('not stored yet', waiting),
  ];
}

function writeSum({ repairCommand, isRepaired = false }: ReportContext, reports: readonly ProcessReport[]): string[] {
  if (reports.length === 0) return ['no numbered lines, neither in the files nor in the store'];
  const [missing, gone, waiting] = [total(reports, 'missing'), total(reports, 'gone'), total(reports, 'waiting')];
  const overdue = total(reports, 'overdue');
  const storedOnly = reports.filter(({ written }) => written === 0).length;
  const doubled = reports.reduce((sum, report) => sum + report.doubled, 0);
  const sum = [
    missing === 0 ? 'no line is missing' : `${missing} ${missing === 1 ? 'line is' : 'lines are'} missing`,
    ...(waiting > 0 ? [`${waiting} not stored yet`] : []),
    ...(doubled > 0 ? [`${doubled} stored again (queries show each line once)`] : []),
  ].join(', ');
  return [
    sum,
    ...(storedOnly > 0
      ? [`${storedOnly} ${storedOnly === 1 ? 'process has' : 'processes have'} no line in the files`]
      : []),
    ...(missing > gone
      ? [isRepaired ? sayDropped(missing - gone) : `to send them from the files: ${repairCommand}`]
      : []),
    ...(overdue > 0
      ? [
          'the store has nothing newer: is the collector running?',
          `if it will not run again: ${repairCommand} --also-waiting`,
        ]
      : []),
  ];
}

/**
 * The command that repairs what `logs check` has found: the package script, or the command of the image.
 *
 * @param argv the words of the command line after `check` or `repair`
 */
export function repairCommandOf(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): string {
  const command = env['npm_lifecycle_event'] === undefined ? 'logs' : 'npx -y pnpm@12 logs';
  return [command, 'repair', ...argv.filter((word) => !/^--(no-)?json$/.test(word)).map(quote)].join(' ');
}

/** Quotes a word for the shell, if it needs that. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function sayDropped(lines: number): string {
  return `${lines} ${lines === 1 ? 'line' : 'lines'} of the files could not be stored: docs/logs.md says what a store drops`;
}
