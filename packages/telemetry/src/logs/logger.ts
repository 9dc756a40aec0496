import { randomUUID } from 'node:crypto';
import { context, isSpanContextValid, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { type DestinationStream, type Logger, pino } from 'pino';
import type { Catalogue } from '../metrics/catalogue.ts';
import { arrangeArguments } from './call-arguments.ts';
import { createFieldNames } from './field-names.ts';
import { writeValue } from './line-value.ts';
import type { LogFileOptions } from './log-file.ts';
import { createLogOutputs } from './log-outputs.ts';
import { instanceKey } from './numbered-lines.ts';
import type { Prettify } from './pretty-format.ts';

export type { Logger } from 'pino';

/** Options of `createLogs`. */
export interface LogOptions {
  /** Value of the `service` field of every line. */
  readonly service: string;
  /** Value of the `service.instance.id` field of every line. @default drawn at random */
  readonly instanceId?: string;
  /** Least severe level that is written. @default 'info' */
  readonly level?: string;
  /** Formats lines for standard output. @default JSON */
  readonly prettify?: Prettify | undefined;
  /** A file that also gets every line, as JSON. @default none */
  readonly file?: LogFileOptions | undefined;
  /** Where lines go instead of standard output. */
  readonly output?: DestinationStream | undefined;
  /** Where the metric of lost lines is defined. @default they are not counted */
  readonly metrics?: Catalogue;
}

/** A logger and its outputs. */
export interface Logs {
  readonly logger: Logger;
  /** Reopens the log file, after a rotation has moved it. */
  reopen(): void;
  /** Writes the lines that still wait and closes the log file. */
  close(): void;
}

/**
 * Makes the logger of a service: one JSON object a line, with `timestamp` (ISO 8601 with offset), `level` as a word,
 * `service`, `msg` and, inside a span, `trace_id` and `span_id`; secrets are redacted. `service.instance.id` is the process,
 * `log.seq` the number of its line, from 1 without gaps: a missing number is a lost line. A caller's field with one of these
 * names is renamed, as in `line.service`, and so is the later of two fields with one name.
 *
 * An error at any depth of the fields, or after the message, is written with its type, message, stack, causes and fields.
 *
 * Lines are written synchronously, so that a logged line is not lost when the process ends. A destination that accepts none for
 * a while does not block the service.
 *
 * @throws LogFileError when the file cannot be opened
 */
export function createLogs(options: LogOptions): Logs {
  const { service, instanceId = randomUUID(), level = 'info' } = options;
  const base = { service, [instanceKey]: instanceId };
  const outputs = createLogOutputs({
    ...options,
    front: JSON.stringify(base).slice(1, -1),
    // A report about the log belongs to no request, even if a line of one caused it.
    announce: (severity, fields, message) => context.with(ROOT_CONTEXT, () => logger[severity](fields, message)),
  });
  const names = createFieldNames();
  const logger = pino(
    {
      level,
      base,
      timestamp: createIsoTimestamp(),
      formatters: { level: (label) => ({ level: label }) },
      // `writeValue` describes errors under every key.
      serializers: { err: (value) => value },
      mixin: (fields, _level, logger) => names.merge(logger, activeTraceIds(), fields),
      mixinMergeStrategy: (_fields, merged) => merged,
      hooks: {
        logMethod(args, method) {
          Reflect.apply(method, this, arrangeArguments(args));
        },
      },
    },
    outputs,
  );
  Object.assign(logger, { [pino.symbols.stringifySym]: writeValue });
  names.watch(logger);
  return { logger, reopen: outputs.reopen, close: outputs.close };
}

/** Connects a line to the span that is active where it is logged. */
function activeTraceIds(): object {
  const span = trace.getActiveSpan()?.spanContext();
  return span === undefined || !isSpanContextValid(span) ? {} : { trace_id: span.traceId, span_id: span.spanId };
}

/**
 * Makes the function that writes the time of a line for pino: `,"timestamp":"2026-11-22T20:04:05.123+00:00"`.
 *
 * ISO 8601 in UTC with a numeric offset, which every strptime reads as `%z` (C's does not accept `Z`; the Ruby gem behind
 * Fluentd's `time_format` accepts both).
 *
 * @param now Unix time in milliseconds
 */
export function createIsoTimestamp(now: () => number = Date.now): () => string {
  let second = Number.NaN;
  /** The text up to the milliseconds: equal for all lines of a second, and the expensive part. */
  let upToSecond = '';
  return () => {
    const time = now();
    const milliseconds = ((time % 1_000) + 1_000) % 1_000;
    if (time - milliseconds !== second) {
      second = time - milliseconds;
      upToSecond = new Date(second).toISOString().slice(0, -4);
    }
    return `,"timestamp":"${upToSecond}${String(milliseconds).padStart(3, '0')}+00:00"`;
  };
}
