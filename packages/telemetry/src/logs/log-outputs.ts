import type { DestinationStream } from 'pino';
import type { Catalogue } from '../metrics/catalogue.ts';
import { createLineWriter } from './line-writer.ts';
import { type LogFileOptions, openLogFile } from './log-file.ts';
import { createLineNumbers, createLostSequences } from './numbered-lines.ts';
import type { OutageEvents } from './outage.ts';
import type { Prettify } from './pretty-format.ts';
import { redactLine } from './redact.ts';
import { defineLostLines, type LogDestination, standardOutput, writeToStandardError } from './standard-output.ts';

/** Options of `createLogOutputs`. */
export interface LogOutputOptions {
  readonly service: string;
  /** The fixed fields that end the front of each line, before the fields of callers: `"service":"shop"`. */
  readonly front: string;
  readonly prettify?: Prettify | undefined;
  readonly file?: LogFileOptions | undefined;
  /** Takes lines instead of standard output. */
  readonly output?: DestinationStream | undefined;
  readonly metrics?: Catalogue;
  /** Logs a line about the log itself. */
  readonly announce: (severity: 'info' | 'warn', fields: object, message: string) => void;
}

/** Standard output and the log file of a service as one stream. */
export interface LogOutputs extends DestinationStream {
  reopen(): void;
  close(): void;
}

/**
 * Opens the destinations of a service's lines, and numbers the lines. A destination that fails is reported by one line when
 * it starts to fail and one when it recovers, with the numbers of the lines that it lost. These lines wait with the others
 * while they cannot be written. If standard output fails and there is no file, standard error gets the report at once.
 *
 * @throws LogFileError when the file cannot be opened
 */
export function createLogOutputs(options: LogOutputOptions): LogOutputs {
  const { front, prettify, announce } = options;
  const number = createLineNumbers();
  const reportsOf = createOutageReports(options, () => file !== undefined);
  let file = options.file && openFile(options.file);
  const standard =
    options.output ?? createLineWriter({ put: standardOutput(), ...reportsOf('stdout', 'standard output') });

  function openFile(fileOptions: LogFileOptions) {
    const name = `the log file ${fileOptions.path}`;
    const onRotationFailed = (err: unknown) => announce('warn', { err }, `${name} cannot be rotated; it keeps growing`);
    const opened = openLogFile(fileOptions, onRotationFailed);
    const put = (data: string | Uint8Array) => opened.put(data);
    return { opened, name, writer: createLineWriter({ put, ...reportsOf('file', name) }) };
  }

  return {
    write(line) {
      const found = line.indexOf(front);
      const start = found === -1 ? 0 : found + front.length;
      const numbered = number(redactLine(line, start));
      standard.write(prettify === undefined ? numbered : prettify(numbered));
      file?.writer.write(numbered);
    },
    reopen() {
      if (file === undefined) return;
      try {
        file.opened.reopen();
        file.writer.resume();
      } catch (err) {
        announce('warn', { err }, `${file.name} cannot be reopened; lines still go to the old one`);
      }
    },
    close() {
      file?.writer.finish();
      file?.opened.close();
      // Lines that are logged after this still reach standard output.
      file = undefined;
    },
  };
}

/**
 * Makes the function that reports the outages of a destination: in the log and, where standard output fails and there is no
 * file, on standard error.
 */
function createOutageReports(
  { service, announce, metrics }: LogOutputOptions,
  hasFile: () => boolean,
): (destination: LogDestination, name: string) => OutageEvents {
  const countLost = defineLostLines(metrics);
  return (destination, name) => {
    const lost = createLostSequences(destination);
    return {
      onFailing(cause) {
        const message = `${name} ${cause === undefined ? 'is not read' : 'cannot be written'}; lost lines are counted`;
        if (destination === 'stdout' && !hasFile()) writeToStandardError(`${service}: ${message}`);
        else announce('warn', { destination, ...(cause && { err: cause }) }, message);
      },
      onRecovered(lostLines) {
        const sequences = lost.report();
        const fields = { destination, lost_lines: lostLines, ...(sequences !== '' && { lost_sequences: sequences }) };
        announce(lostLines > 0 ? 'warn' : 'info', fields, `${name} can be written again`);
      },
      onLost(lines, atTheEnd) {
        countLost(destination, lines.length);
        lost.add(lines);
        if (!atTheEnd) return;
        writeToStandardError(`${service}: ${lines.length} log lines were lost: ${name} did not accept them`);
      },
    };
  };
}
