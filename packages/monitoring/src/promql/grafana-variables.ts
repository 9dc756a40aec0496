import type { Span } from './expression.ts';

/** A Grafana variable in the text of a query. */
export interface Variable extends Span {
  readonly name: string;
}

const variablePattern = /\$(\w+)|\$\{(\w+)(?:[.:][^}]*)?\}|\[\[(\w+)(?::\w+)?\]\]/g;

/** Variables of Grafana itself that are durations wherever they stand. */
const durations = new Set(['__interval', '__rate_interval', '__range']);

/** Variables of Grafana itself that are numbers. */
const numbers = new Set(['__interval_ms', '__range_s', '__range_ms', '__from', '__to']);

/** All Grafana variables of a text: `$name`, `${name}`, `${name:format}`, `[[name]]`. */
export function findVariables(text: string): readonly Variable[] {
  return Array.from(text.matchAll(variablePattern), (match) => ({
    name: match[1] ?? match[2] ?? match[3] ?? '',
    from: match.index,
    to: match.index + match[0].length,
  }));
}

/**
 * Replaces each Grafana variable by something that PromQL can read and that is as long, so that places in the
 * text stay what they are: a duration in brackets and behind `offset`, else a name. Text in quotes is left alone.
 */
export function replaceVariables(text: string): string {
  const quoted = findQuoted(text);
  let result = text;
  for (const { name, from, to } of findVariables(text)) {
    if (quoted.some((span) => span.from <= from && to <= span.to)) continue;
    result = result.slice(0, from) + standIn(name, to - from, text.slice(0, from)) + result.slice(to);
  }
  return result;
}

function standIn(name: string, length: number, before: string): string {
  if (numbers.has(name)) return '5'.padStart(length, '0');
  const isInBrackets = before.lastIndexOf('[') > before.lastIndexOf(']');
  if (durations.has(name) || isInBrackets || /\boffset\s+$/.test(before)) return '5m'.padStart(length, '0');
  return '_'.repeat(length);
}

function findQuoted(text: string): readonly Span[] {
  const pattern = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|#.*/g;
  return Array.from(text.matchAll(pattern), (match) => ({ from: match.index, to: match.index + match[0].length }));
}
