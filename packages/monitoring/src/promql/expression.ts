/** A range of the text of an expression; `to` is the offset after its last character. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A label as it is named in `by (...)`, `on (...)` and the like. */
export interface LabelReference extends Span {
  readonly name: string;
}

/** A condition on a label: `status="failed"`. */
export interface Matcher extends Span {
  readonly label: string;
  readonly operator: '=' | '!=' | '=~' | '!~';
  readonly value: string;
}

/** What `by` or `without` of an aggregation says. */
export interface Grouping {
  readonly mode: 'by' | 'without';
  readonly labels: readonly LabelReference[];
}

/** What `on` or `ignoring` of a binary operator says. */
export interface Matching {
  readonly mode: 'on' | 'ignoring';
  readonly labels: readonly LabelReference[];
  /** The side with many series, when the operator is many-to-one. */
  readonly group?: 'left' | 'right';
  /** Labels that are taken over from the side with one series. */
  readonly include: readonly LabelReference[];
}

export interface NumberLiteral extends Span {
  readonly kind: 'number';
  readonly value: number;
}

export interface TextLiteral extends Span {
  readonly kind: 'text';
  readonly value: string;
}

export interface Selector extends Span {
  readonly kind: 'selector';
  /** None where the metric is chosen by matchers alone. */
  readonly name?: string;
  readonly matchers: readonly Matcher[];
}

/** `inner[5m]` or, with steps, `inner[1h:1m]`. */
export interface RangeOf extends Span {
  readonly kind: 'range';
  readonly inner: Expression;
  /** Seconds; none where it is a Grafana variable or is calculated. */
  readonly seconds?: number;
  /** The text between the brackets. */
  readonly text: string;
  readonly isSubquery: boolean;
}

export interface Call extends Span {
  readonly kind: 'call';
  readonly name: string;
  readonly args: readonly Expression[];
}

export interface Aggregation extends Span {
  readonly kind: 'aggregation';
  readonly name: string;
  readonly grouping?: Grouping;
  /** The `3` of `topk(3, x)`. */
  readonly parameter?: Expression;
  readonly inner: Expression;
}

export interface Binary extends Span {
  readonly kind: 'binary';
  readonly operator: string;
  readonly isBool: boolean;
  readonly matching?: Matching;
  readonly left: Expression;
  readonly right: Expression;
}

/** Brackets, a sign, `offset`, `@`: what stands around an expression without a change of its labels. */
export interface Wrapped extends Span {
  readonly kind: 'brackets' | 'sign' | 'shift';
  readonly inner: Expression;
}

/** A PromQL expression, as far as the linter needs to know it. */
export type Expression = NumberLiteral | TextLiteral | Selector | RangeOf | Call | Aggregation | Binary | Wrapped;

/** A part of an expression together with all that it stands in, outermost first. */
export interface Visit<Part extends Expression = Expression> {
  readonly part: Part;
  readonly ancestors: readonly Expression[];
}

/** The expressions that stand directly in this one. */
function childrenOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'number':
    case 'text':
    case 'selector':
      return [];
    case 'call':
      return expression.args;
    case 'aggregation':
      return expression.parameter === undefined ? [expression.inner] : [expression.parameter, expression.inner];
    case 'binary':
      return [expression.left, expression.right];
    default:
      return [expression.inner];
  }
}

/** The expression and everything in it. */
function* visitAll(expression: Expression, ancestors: readonly Expression[] = []): Iterable<Visit> {
  yield { part: expression, ancestors };
  for (const child of childrenOf(expression)) yield* visitAll(child, [...ancestors, expression]);
}

/** All parts of one kind. */
export function* visitKind<Kind extends Expression['kind']>(
  expression: Expression,
  kind: Kind,
): Iterable<Visit<Extract<Expression, { kind: Kind }>>> {
  const isKind = (part: Expression): part is Extract<Expression, { kind: Kind }> => part.kind === kind;
  for (const { part, ancestors } of visitAll(expression)) if (isKind(part)) yield { part, ancestors };
}

/** The expression without brackets, sign, `offset` and `@` around it. */
export function bare(expression: Expression): Exclude<Expression, Wrapped> {
  switch (expression.kind) {
    case 'brackets':
    case 'sign':
    case 'shift':
      return bare(expression.inner);
    default:
      return expression;
  }
}
