import type { DestinationStream } from 'pino';
import type { Catalogue } from '../metrics/catalogue.ts';
import { createLineWriter, type LineWriterEvents } from './line-writer.ts';
import { type LogFileOptions, openLogFile } from './log-file.ts';
import { defineLostLines, type LogDestination, writeToStandardError } from './lost-lines.ts';
import type { Prettify } from './pretty-format.ts';
import { redactLine } from './redact-line.ts';
import { standardOutput } from './standard-output.ts';

/** Options of `createLogOutputs`. */
export interface LogOutputOptions {
  readonly service: string;
  readonly prettify?: Prettify | undefined;
  readonly file?: LogFileOptions | undefined;
  /** Takes lines instead of standard output. */
  readonly output?: DestinationStream | undefined;
  readonly metrics?: Catalogue;
  /** Logs a line about the log itself. */
  readonly announce: (severity: 'info' | 'warn', fields: object, message: string) => void;
}

/** Standard output and the log file of a service, as one stream. */
export interface LogOutputs extends DestinationStream {
  reopen(): void;
  close(): void;
}

/**
 * Opens what the lines of a service go to. Each destination has its own troubles: the other one gets every line, is told once
 * that there is trouble and once that it is over. When there is no other one, standard error is told.
 *
 * @throws LogFileError when the file cannot be opened
 */
export function createLogOutputs(options: LogOutputOptions): LogOutputs {
  const { service, prettify, announce } = options;
  const countLost = defineLostLines(options.metrics);
  let file = options.file && openFile(options.file);
  const standard =
    options.output ?? createLineWriter({ put: standardOutput(), ...tellOf('stdout', 'standard output') });
  /** The destination that the line at hand is about, which cannot take it. */
  let subject: LogDestination | undefined;

  function warn(about: LogDestination, fields: object, message: string): void {
    if (about === 'stdout' && file === undefined) {
      writeToStandardError(`${service}: ${message}`);
      return;
    }
    subject = about;
    announce('warn', fields, message);
    subject = undefined;
  }

  function tellOf(destination: LogDestination, name: string): LineWriterEvents {
    return {
      onTrouble(cause) {
        const reason = cause === undefined ? 'is not read' : 'cannot be written';
        const fields = { destination, ...(cause && { err: cause }) };
        warn(destination, fields, `${name} ${reason}; lines that are lost are counted`);
      },
      onMended(lostLines) {
        const fields = { destination, lost_lines: lostLines };
        announce(lostLines > 0 ? 'warn' : 'info', fields, `${name} is written again`);
      },
      onLost(lines, atTheEnd) {
        countLost(destination, lines);
        if (atTheEnd) writeToStandardError(`${service}: ${lines} log lines were lost: ${name} did not take them`);
      },
    };
  }

  function openFile(fileOptions: LogFileOptions) {
    const name = `the log file ${fileOptions.path}`;
    const onRotationFailed = (err: unknown) => announce('warn', { err }, `${name} cannot be rotated; it grows on`);
    const opened = openLogFile(fileOptions, onRotationFailed);
    return { ...opened, name, writer: createLineWriter({ put: opened.put, ...tellOf('file', name) }) };
  }

  return {
    write(line) {
      const safe = redactLine(line);
      if (subject !== 'stdout') standard.write(prettify === undefined ? safe : prettify(safe));
      if (subject !== 'file') file?.writer.write(safe);
    },
    reopen() {
      if (file === undefined) return;
      try {
        file.reopen();
        file.writer.resume();
      } catch (err) {
        announce('warn', { err }, `${file.name} cannot be opened anew; the old one is written on`);
      }
    },
    close() {
      file?.writer.finish();
      file?.close();
      // What is logged after the end still reaches standard output.
      file = undefined;
    },
  };
}
