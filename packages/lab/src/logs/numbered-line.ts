/** The identity of a log line. */
export interface NumberedLine {
  /** `service.instance.id`, the process. */
  readonly instance: string;
  readonly service: string;
  /** `log.seq`, dense from 1 within a process. */
  readonly sequence: number;
  /** When it was written, in Unix ms. */
  readonly time: number;
}

/** The first fields of a line of telemetry, in order. */
const front =
  /^\{"level":"[^"]*","timestamp":"([^"]*)","service":("(?:[^"\\]|\\.)*"),"service\.instance\.id":"([^"\\]+)"/;

/** The last field. */
const back = /,"log\.seq":(\d+)\}$/;

/** Start of a line. Within a line, it belongs to a field, or the line was cut off and another one was appended. */
const start = '{"level":"';

/**
 * Reads the first and last fields of a JSON line without parsing the rest, in a tenth of the time.
 *
 * @returns `undefined` for a line without a number, such as one of another program, and for two lines in one
 */
export function readNumberedLine(text: string): NumberedLine | undefined {
  const [, timestamp = '', quotedService = '', instance] = front.exec(text) ?? [];
  const sequence = back.exec(text.slice(-32))?.[1];
  if (instance === undefined || sequence === undefined) return undefined;
  const time = Date.parse(timestamp);
  if (Number.isNaN(time) || (text.includes(start, 1) && parse(text) === undefined)) return undefined;
  const service = parse(quotedService);
  return typeof service === 'string' ? { instance, service, sequence: Number(sequence), time } : undefined;
}

/** @returns `undefined` if it is not JSON */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
