import { fileURLToPath } from 'node:url';

/** Where something was defined: `file:line` of the call, then of the call around it, and so on. */
export type DefinitionPlace = readonly string[];

/** The place where `definer` was called. Called by `definer` itself. */
export function placeOfCall(definer: (...args: never[]) => unknown): DefinitionPlace {
  const trace: { stack?: string } = {};
  Error.captureStackTrace(trace, definer);
  return (trace.stack ?? '').split('\n').flatMap((frame) => {
    const [, file, line] = /(?:\(|at (?:async )?)([^()]+):(\d+):\d+\)?$/.exec(frame) ?? [];
    if (file === undefined || file.startsWith('node:')) return [];
    return [`${file.startsWith('file:') ? fileURLToPath(file) : file}:${line}`];
  });
}

/**
 * Names two places so that they can be told apart: when a function defines for its callers, both definitions stand in the
 * same line, and the calls around it make the difference.
 */
export function nameTwoPlaces(first: DefinitionPlace, second: DefinitionPlace): readonly [string, string] {
  const apart = Math.max(
    0,
    first.findIndex((place, index) => place !== second[index]),
  );
  // `Error.stackTraceLimit` may be 0.
  const nowhere = 'a place that is not known';
  return [first[apart] ?? nowhere, second[apart] ?? nowhere];
}
