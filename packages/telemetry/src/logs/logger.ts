import { isSpanContextValid, trace } from '@opentelemetry/api';
import { type DestinationStream, type Logger, multistream, pino } from 'pino';
import pretty from 'pino-pretty';

export type { Logger } from 'pino';

/** Options of `createLogs`. */
export interface LogOptions {
  /** Value of the `service` field of every line. */
  readonly service: string;
  /** Least severe level that is written. @default 'info' */
  readonly level?: string;
  /** Form on standard output. @default 'json' */
  readonly format?: 'json' | 'pretty';
  /** Path of a file that gets every line as JSON, too. @default '' (none) */
  readonly file?: string;
  /** Where lines go instead of standard output. */
  readonly output?: DestinationStream;
}

/** A logger and what its owner needs to keep its lines safe. */
export interface Logs {
  readonly logger: Logger;
  /** Opens the log file anew, after a rotation has moved it. */
  reopen(): void;
  /** Writes out what is still buffered and closes the log file. */
  close(): void;
}

/**
 * Makes the logger of a service: one JSON object a line, with `timestamp` (ISO 8601 with offset), `level` as a word,
 * `service`, `msg` and, inside a span, `trace_id` and `span_id`.
 *
 * Lines are written synchronously: a line that was logged is not lost when the process ends.
 */
export function createLogs(options: LogOptions): Logs {
  const {
    service,
    level = 'info',
    format = 'json',
    file = '',
    output = pino.destination({ fd: 1, sync: true }),
  } = options;
  const logFile = file === '' ? undefined : pino.destination({ dest: file, sync: true, mkdir: true });
  let isClosed = false;
  // What is logged after the end still reaches the output; to write to a file that was closed would throw.
  const fileStream = logFile && { write: (line: string) => isClosed || logFile.write(line) };
  const outputStream = format === 'pretty' ? prettyStream(output) : output;

  const logger = pino(
    {
      level,
      base: { service },
      timestamp: isoTimestamp,
      formatters: { level: (label) => ({ level: label }) },
      mixin: activeTraceIds,
      redact: { paths: secretPaths, censor: '[redacted]' },
    },
    fileStream === undefined
      ? outputStream
      : multistream([outputStream, fileStream].map((stream) => ({ level: 'trace', stream }))),
  );

  return {
    logger,
    reopen: () => logFile?.reopen(),
    close() {
      isClosed = true;
      logFile?.end();
    },
  };
}

/** The form that the guide's Fluentd `time_format` (`%Y-%m-%dT%H:%M:%S.%N%z`) parses: an offset in digits, no `Z`. */
function isoTimestamp(): string {
  return `,"timestamp":"${new Date().toISOString().slice(0, -1)}+00:00"`;
}

/** Ties a line to the span that is active where it is logged. */
function activeTraceIds(): object {
  const span = trace.getActiveSpan()?.spanContext();
  return span === undefined || !isSpanContextValid(span) ? {} : { trace_id: span.traceId, span_id: span.spanId };
}

/** Where credentials are logged by accident: at the top level of a line, one object down, and in headers there. */
const secretPaths = [
  ...['authorization', 'cookie', 'password', 'secret', 'token'].flatMap((name) => [
    name,
    `*.${name}`,
    `*.headers.${name}`,
  ]),
  ...['set-cookie', 'x-api-key'].flatMap((name) => [`["${name}"]`, `*["${name}"]`, `*.headers["${name}"]`]),
];

function prettyStream(destination: DestinationStream): DestinationStream {
  const colorize = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined;
  const formatter = pretty.prettyFactory({
    timestampKey: 'timestamp',
    translateTime: 'HH:MM:ss.l',
    ignore: 'service',
    colorize,
  });
  return { write: (line) => destination.write(formatter(line)) };
}
