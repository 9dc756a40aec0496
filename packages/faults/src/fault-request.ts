import { kinds } from '@vmobs/settings';
import type { Fault } from './fault.ts';
import { FaultRequestError, type ParameterTable, readValues, type ValuesOf } from './parameters.ts';

/** A request to switch a fault on. */
export interface FaultRequest {
  readonly values: ValuesOf<ParameterTable>;
  /** When the fault ends by itself, in Unix milliseconds. */
  readonly untilMs: number | undefined;
}

/** JSON Schemas of the end of a fault. */
const endProperties = {
  for: { type: 'string', description: `duration of the fault, such as 90s or 5m; at most 596h` },
  until: { type: 'string', format: 'date-time', description: 'time at which the fault ends; instead of `for`' },
} as const;

/** The JSON Schema of a request to switch a fault on. */
export function requestSchema({ parameters }: Fault) {
  return {
    type: 'object',
    additionalProperties: false,
    properties: { ...parameters, ...endProperties },
    not: { required: ['for', 'until'] },
  } as const;
}

/**
 * Reads a request to switch a fault on. An empty body means the default size without an end.
 *
 * @throws FaultRequestError 400 that says what is allowed
 */
export function readRequest(fault: Fault, body: unknown, nowMs: number): FaultRequest {
  const given = body ?? {};
  if (!isRecord(given)) {
    throw new FaultRequestError(400, 'the body is not a JSON object; send one such as {"size": 1, "for": "5m"}');
  }
  const known = Object.keys(requestSchema(fault).properties);
  const unknown = Object.keys(given).filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new FaultRequestError(
      400,
      `unknown parameter of ${fault.name}: ${unknown.join(', ')}; allowed are ${known.join(', ')}`,
    );
  }
  return { values: readValues(fault.parameters, given), untilMs: readEnd(given, nowMs) };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readEnd(given: Readonly<Record<string, unknown>>, nowMs: number): number | undefined {
  const { for: duration, until } = given;
  if (duration !== undefined && until !== undefined) {
    throw new FaultRequestError(400, 'for and until both set the end; send only one of them');
  }
  if (duration !== undefined) {
    const milliseconds = typeof duration === 'string' ? kinds.duration.parse(duration) : undefined;
    if (milliseconds !== undefined) return nowMs + milliseconds;
    throw new FaultRequestError(400, `for is ${JSON.stringify(duration)}; allowed is ${kinds.duration.allowed}`);
  }
  if (until === undefined) return undefined;
  const untilMs =
    typeof until === 'string' && /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(until) ? Date.parse(until) : 0;
  if (untilMs > nowMs && untilMs - nowMs <= kinds.longestTimerMs) return untilMs;
  throw new FaultRequestError(
    400,
    `until is ${JSON.stringify(until)}; allowed is a future time with a zone, such as ` +
      `${new Date(nowMs + 300_000).toISOString()}, at most 596h from now`,
  );
}
