import { randomUUID } from 'node:crypto';
import type { Attributes, HrTime, Link } from '@opentelemetry/api';

/*
 * JSON has no NaN and no infinity, OTLP's integers have 64 bits and its times are not negative. The SDK's serializer writes such
 * a value nevertheless, and a collector refuses the whole export for it, with all the other spans. Spans that have one are
 * replaced before they are serialized.
 */

/** What is looked at of a span of the SDK, or of its resource. */
interface WithAttributes {
  readonly attributes: Attributes;
}

/** What is looked at of a span of the SDK. */
interface SpanValues extends WithAttributes {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly events: readonly { readonly time: HrTime; readonly attributes?: Attributes }[];
  readonly links: readonly Link[];
  readonly droppedLinksCount: number;
  readonly resource: WithAttributes;
}

/** Serializes spans for OTLP in JSON; the SDK's type, as far as it is used. */
interface SpanSerializer<Span, Response> {
  serializeRequest(spans: Span[]): Uint8Array | undefined;
  deserializeResponse(data: Uint8Array): Response;
}

/** The first number that is larger than all 64-bit integers. */
const int64End = 2 ** 63;

/** The first second that has no 64-bit number of nanoseconds. */
const endOfTime = 2 ** 64 / 1e9;

/**
 * Makes a serializer of one that writes only numbers that JSON and a 64-bit integer can hold: others are sent as doubles, `"NaN"`,
 * `"Infinity"` and `"-Infinity"` among them, as the mapping of protobuf to JSON has it. A time that OTLP cannot hold is 0, and a
 * link whose ids are none is dropped.
 *
 * @see https://protobuf.dev/programming-guides/json/
 */
export function serializeAnySpan<Span extends SpanValues, Response>(
  serializer: SpanSerializer<Span, Response>,
): SpanSerializer<Span, Response> {
  return {
    deserializeResponse: (data) => serializer.deserializeResponse(data),
    serializeRequest(spans) {
      if (!spans.some(isUnusual)) return serializer.serializeRequest(spans);
      // A text with a mark that nobody can know stands for each number, until its type and value can be written in its place.
      const mark = randomUUID();
      const serialized = serializer.serializeRequest(replaceUnusual(spans, (value) => `${mark}${value}`));
      if (serialized === undefined) return undefined;
      const text = new TextDecoder().decode(serialized);
      return new TextEncoder().encode(
        text.replaceAll(new RegExp(`"stringValue":"${mark}([^"]*)"`, 'g'), (_whole, value: string) =>
          Number.isFinite(Number(value)) ? `"doubleValue":${value}` : `"doubleValue":"${value}"`,
        ),
      );
    },
  };
}

function isUnusual({ attributes, events, links, startTime, endTime, resource }: SpanValues): boolean {
  return (
    hasUnusual(attributes) ||
    hasUnusual(resource.attributes) ||
    !isTime(startTime) ||
    !isTime(endTime) ||
    events.some((event) => hasUnusual(event.attributes) || !isTime(event.time)) ||
    links.some((link) => hasUnusual(link.attributes) || !isLink(link))
  );
}

function hasUnusual(value: unknown): boolean {
  if (typeof value === 'number') return isUnusualNumber(value);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false;
  if (Array.isArray(value)) return value.some(hasUnusual);
  for (const key in value) if (hasUnusual(Reflect.get(value, key))) return true;
  return false;
}

function isUnusualNumber(value: number): boolean {
  if (Number.isInteger(value)) return value >= int64End || value <= -int64End;
  return !Number.isFinite(value);
}

function isTime([seconds, nanoseconds]: HrTime): boolean {
  return seconds >= 0 && seconds < endOfTime && nanoseconds >= 0 && nanoseconds < 1e9;
}

function isLink({ context: { traceId, spanId } }: Link): boolean {
  return /^[\da-f]{32}$/i.test(traceId) && /^[\da-f]{16}$/i.test(spanId);
}

/** Replaces what is unusual in spans. The spans of one resource keep one resource. */
function replaceUnusual<Span extends SpanValues>(spans: readonly Span[], write: (value: number) => string): Span[] {
  const resources = new Map<WithAttributes, WithAttributes>();
  // The SDK's serializer groups spans by the identity of their resource.
  const resourceOf = ({ resource }: SpanValues) => {
    if (!hasUnusual(resource.attributes)) return resource;
    const replaced =
      resources.get(resource) ?? override(resource, { attributes: replaceIn(resource.attributes, write) });
    resources.set(resource, replaced);
    return replaced;
  };
  return spans.map((span) =>
    isUnusual(span) ? override(span, { ...usualValues(span, write), resource: resourceOf(span) }) : span,
  );
}

/** An object that is as another one except for some values. */
function override<Thing extends object>(thing: Thing, values: object): Thing {
  return Object.create(thing, Object.getOwnPropertyDescriptors(values));
}

function usualValues(span: SpanValues, write: (value: number) => string): SpanValues {
  const links = span.links.filter(isLink);
  return {
    resource: span.resource,
    startTime: usualTime(span.startTime),
    endTime: usualTime(span.endTime),
    attributes: replaceIn(span.attributes, write),
    links: links.map((link) => ({ ...link, attributes: replaceIn(link.attributes ?? {}, write) })),
    events: span.events.map((event) => ({
      ...event,
      time: usualTime(event.time),
      attributes: replaceIn(event.attributes ?? {}, write),
    })),
    droppedLinksCount: span.droppedLinksCount + span.links.length - links.length,
  };
}

function usualTime(time: HrTime): HrTime {
  return isTime(time) ? time : [0, 0];
}

function replaceIn(attributes: Attributes, write: (value: number) => string): Attributes {
  const replace = (value: unknown): unknown => {
    if (typeof value === 'number') return isUnusualNumber(value) ? write(value) : value;
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
    if (Array.isArray(value)) return value.map(replace);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, replace(inner)]));
  };
  // Values are what they were, or texts instead of numbers; a list of both is what the serializer writes, too.
  return replace(attributes) as Attributes;
}
