import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError, codeOf } from '@vmobs/settings';
import { createCheckReport, repairCommandOf, writeCheckReport } from './check-report.ts';
import { type ProcessReport, total } from './compare-logs.ts';
import { findLogPlaces, type LogsCommandConfig } from './config.ts';
import { listFiles } from './log-chunks.ts';
import { createLogFiles } from './log-files.ts';
import { repairLogs } from './repair-logs.ts';
import { unite } from './sequences.ts';
import { settleLogs } from './settle-logs.ts';

/** What `pnpm logs` does. */
export type LogsOrder = 'check' | 'repair';

/** Exit status when lines are missing or overdue. */
const incompleteStatus = 3;

/**
 * Compares the log store with the log files, sends the missing lines if the order is `repair`, and prints a report.
 *
 * @param argv the words of the command line after the order
 * @returns the exit status: 3 when lines are missing or overdue
 * @throws CommandError when the files cannot be read, the store does not answer, or a signal interrupts it
 */
export async function runLogsCommand(
  order: LogsOrder,
  config: LogsCommandConfig,
  argv: readonly string[],
): Promise<number> {
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  const { signal } = interrupted;
  const { folders, store } = await findLogPlaces(config);
  await requireLogFiles(folders);
  const files = createLogFiles(folders, Date.now() - config.sinceMs);
  const progress = createProgress();
  const settle = async () => {
    const onWait = (lines: number) =>
      progress.say(`${countLines(lines)} not stored yet; waiting for up to ${config.settleMs / 1_000} s`);
    const reports = await settleLogs({ files, store, settleMs: config.settleMs, signal, onWait });
    progress.end();
    return reports;
  };

  let reports = await settle();
  if (files.processes().size === 0 && !signal.aborted) {
    const since = new Date(files.since).toISOString();
    throw new CommandError(`no line of a service since ${since} in ${folders.join(', ')}; ${await hintAt(folders)}`);
  }
  let sent = 0;
  const wanted = config.alsoWaiting === true ? reports.map(addOverdue) : reports;
  if (order === 'repair' && total(wanted, 'missing') > 0 && !signal.aborted) {
    const onProgress = (lines: number) => progress.say(`${countLines(lines)} sent`);
    sent = await repairLogs({ reports: wanted, files, store, signal, onProgress });
    reports = await settle();
  }
  if (signal.aborted) {
    const rest = order === 'repair' ? `; ${countLines(sent)} sent, and another repair sends the rest` : '';
    throw new CommandError(`interrupted${rest}`);
  }
  if (config.json) {
    const report = createCheckReport(store.name, files.since, reports);
    process.stdout.write(`${JSON.stringify(order === 'repair' ? { ...report, sent } : report, null, 2)}\n`);
  } else {
    const context = {
      store: store.name,
      folders,
      since: files.since,
      repairCommand: repairCommandOf(argv),
      isRepaired: order === 'repair',
    };
    process.stdout.write(writeCheckReport(context, reports));
    if (order === 'repair') process.stdout.write(`${countLines(sent)} sent\n`);
  }
  return total(reports, 'missing') + total(reports, 'overdue') > 0 ? incompleteStatus : 0;
}

function countLines(lines: number): string {
  return `${lines} ${lines === 1 ? 'line' : 'lines'}`;
}

/** A report in which overdue lines count as missing. */
function addOverdue(report: ProcessReport): ProcessReport {
  return { ...report, missing: unite([...report.missing, ...report.overdue]) };
}

/** @throws CommandError when a folder cannot be read, or none has a log file */
async function requireLogFiles(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    await readdir(folder).catch((cause: unknown) => {
      const what = describeFolder(folder, cause);
      throw new CommandError(`${what}; name the folders of the log files with --files`, { cause });
    });
  }
  if ((await listFiles(folders)).length === 0) {
    throw new CommandError(`no log file (*.log) in ${folders.join(', ')}; ${await hintAt(folders)}`);
  }
}

/** A hint at subfolders with log files, such as those of a demo's folder. */
async function hintAt(folders: readonly string[]): Promise<string> {
  const inner: string[] = [];
  for (const folder of folders) {
    const entries = await readdir(folder, { withFileTypes: true });
    for (const { name } of entries.filter((entry) => entry.isDirectory())) {
      const path = join(folder, name);
      if ((await listFiles([path]).catch(() => [])).length > 0) inner.push(path);
    }
  }
  return inner.length > 0 ? `try --files=${inner.join(',')}` : 'name the folders of the services with --files';
}

function describeFolder(folder: string, error: unknown): string {
  const code = codeOf(error);
  if (code === 'ENOENT') return `there is no folder ${folder}`;
  if (code === 'ENOTDIR') return `${folder} is a file, not a folder`;
  return `${folder} cannot be read: ${error instanceof Error ? error.message : error}`;
}

/** Progress as one line that is rewritten on a terminal; elsewhere only the first text is printed. */
function createProgress() {
  const { stderr } = process;
  let isSaid = false;
  return {
    say(text: string) {
      if (stderr.isTTY) stderr.write(`\r\u001b[K${text}; press Ctrl-C to stop`);
      else if (!isSaid) stderr.write(`${text}\n`);
      isSaid = true;
    },
    end() {
      if (stderr.isTTY && isSaid) stderr.write('\r\u001b[K');
    },
  };
}
