import { context, isSpanContextValid, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { type DestinationStream, type Logger, pino } from 'pino';
import type { Catalogue } from '../metrics/catalogue.ts';
import { createIsoTimestamp } from './iso-timestamp.ts';
import type { LogFileOptions } from './log-file.ts';
import { createLogOutputs } from './log-outputs.ts';
import type { Prettify } from './pretty-format.ts';

export type { Logger } from 'pino';

/** Options of `createLogs`. */
export interface LogOptions {
  /** Value of the `service` field of every line. */
  readonly service: string;
  /** Least severe level that is written. @default 'info' */
  readonly level?: string;
  /** Form on standard output. @default JSON */
  readonly prettify?: Prettify | undefined;
  /** A file that gets every line as JSON, too. @default none */
  readonly file?: LogFileOptions | undefined;
  /** Where lines go instead of standard output. */
  readonly output?: DestinationStream | undefined;
  /** Gets the metric of lines that were lost. @default they are not counted */
  readonly metrics?: Catalogue;
}

/** A logger and what its owner needs to keep its lines safe. */
export interface Logs {
  readonly logger: Logger;
  /** Opens the log file anew, after a rotation has moved it. */
  reopen(): void;
  /** Writes out what still waits and closes the log file. */
  close(): void;
}

/**
 * Makes the logger of a service: one JSON object a line, with `timestamp` (ISO 8601 with offset), `level` as a word,
 * `service`, `msg` and, inside a span, `trace_id` and `span_id`; secrets are redacted.
 *
 * Lines are written synchronously: a line that was logged is not lost when the process ends. A destination that takes none
 * for the moment does not stop the service.
 *
 * @throws LogFileError when the file cannot be opened
 */
export function createLogs(options: LogOptions): Logs {
  const { service, level = 'info' } = options;
  const outputs = createLogOutputs({
    ...options,
    // What becomes of the log belongs to no request, also where a line of one has brought it to light.
    announce: (severity, fields, message) => context.with(ROOT_CONTEXT, () => logger[severity](fields, message)),
  });
  const logger = pino(
    {
      level,
      base: { service },
      timestamp: createIsoTimestamp(),
      formatters: { level: (label) => ({ level: label }) },
      mixin: activeTraceIds,
    },
    outputs,
  );
  return { logger, reopen: outputs.reopen, close: outputs.close };
}

/** Ties a line to the span that is active where it is logged. */
function activeTraceIds(): object {
  const span = trace.getActiveSpan()?.spanContext();
  return span === undefined || !isSpanContextValid(span) ? {} : { trace_id: span.traceId, span_id: span.spanId };
}
