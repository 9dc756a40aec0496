/** A place in a file; both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** What a query is used for. */
export type QueryKind = 'alert' | 'recording' | 'panel' | 'sli';

/** A PromQL expression and its position. */
export interface Query {
  readonly kind: QueryKind;
  /** Of the alert, the recorded metric, the panel or the indicator. */
  readonly name: string;
  readonly expression: string;
  readonly file: string;
  /** Start of the expression. */
  readonly place: Place;
  /** Position of the name. @default `place` */
  readonly namePlace?: Place;
  /** The place of a character of the expression. @default counted from `place`, line by line */
  readonly placeOf?: (offset: number) => Place;
  /** Labels that a rule adds to its result. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Why an alert may be silent while one of its series is absent. */
  readonly mayBeAbsent?: string;
}

/** A mistake, or a likely one. */
export interface Finding {
  /** Id of the rule that found it. */
  readonly rule: string;
  /** What is wrong, what is allowed, how to fix it. */
  readonly message: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Name of the query. */
  readonly query: string;
}

/** The place of a character of the expression of a query. */
export function placeInQuery({ expression, place, placeOf }: Query, offset: number): Place {
  if (placeOf !== undefined) return placeOf(offset);
  const lines = expression.slice(0, offset).split('\n');
  const column = (lines.at(-1)?.length ?? 0) + (lines.length === 1 ? place.column : 1);
  return { line: place.line + lines.length - 1, column };
}
