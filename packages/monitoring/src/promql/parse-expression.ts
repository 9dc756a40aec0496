import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { durationSeconds } from './duration.ts';
import type { Expression, Grouping, LabelReference, Matcher, Matching } from './expression.ts';
import { findVariables, replaceVariables } from './grafana-variables.ts';
import { bindOperator, bindPostfix } from './operator-binding.ts';

/** An expression that is not PromQL: where reading it stopped. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/**
 * Reads a PromQL expression, with or without Grafana variables, by the grammar of Prometheus' own web page.
 *
 * @throws ExpressionError when it is not PromQL.
 */
export function parseExpression(text: string): Expression {
  const source = replaceVariables(text);
  const tree = parser.parse(source);
  tree.iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) throw errorAt(text, from);
      if (type.name === 'StringLiteral' && !/^(["'`]).*\1$/s.test(source.slice(from, to)))
        throw new ExpressionError(`a text has no closing quote: ${excerpt(text, from)}`, from);
    },
  });
  const top = tree.topNode.getChild('Expr');
  if (top === null) throw new ExpressionError('there is no expression', 0);
  return read(top, { source, original: text });
}

function errorAt(text: string, offset: number): ExpressionError {
  const before = /[a-z_]\w*\s*$/i.exec(text.slice(0, offset));
  if (before !== null && text[offset] === '(')
    return new ExpressionError(`PromQL has no function ${before[0].trim()}`, before.index);
  return new ExpressionError(`not PromQL from ${excerpt(text, offset)}`, offset);
}

interface Texts {
  /** With what stands in for variables. */
  readonly source: string;
  readonly original: string;
}

function read(node: SyntaxNode, texts: Texts): Expression {
  const { from, to } = node;
  const text = texts.source.slice(from, to);
  const inner = () => read(child(node, 'Expr'), texts);
  switch (node.name) {
    case 'NumberDurationLiteral':
      return { kind: 'number', value: readNumber(text), from, to };
    case 'StringLiteral':
      return { kind: 'text', value: unquote(text), from, to };
    case 'VectorSelector':
      return readSelector(node, texts);
    case 'MatrixSelector':
    case 'SubqueryExpr':
      return readRange(node, texts);
    case 'FunctionCall': {
      const args = child(node, 'FunctionCallBody').getChildren('Expr');
      const name = slice(child(node, 'FunctionIdentifier'), texts);
      return { kind: 'call', name, args: args.map((arg) => read(arg, texts)), from, to };
    }
    case 'AggregateExpr':
      return readAggregation(node, texts);
    case 'BinaryExpr':
      return readBinary(node, texts);
    case 'ParenExpr':
      return { kind: 'brackets', inner: inner(), from, to };
    case 'UnaryExpr':
      return { kind: 'sign', inner: inner(), from, to };
    default:
      return bindPostfix(inner(), (operand) => ({ kind: 'shift', inner: operand, from: operand.from, to }));
  }
}

function readSelector(node: SyntaxNode, texts: Texts): Expression {
  const list = node.getChild('LabelMatchers');
  const matchers: Matcher[] = [];
  let name = node.getChild('Identifier');
  let quotedName: string | undefined;
  for (let entry = list?.firstChild ?? null; entry !== null; entry = entry.nextSibling) {
    if (entry.name === 'QuotedLabelName') quotedName = unquote(slice(entry, texts));
    if (!entry.name.endsWith('LabelMatcher')) continue;
    const label = child(entry, entry.name === 'QuotedLabelMatcher' ? 'QuotedLabelName' : 'LabelName');
    const operator = slice(child(entry, 'MatchOp'), texts);
    const value = unquote(slice(child(entry, 'StringLiteral'), texts));
    const { from, to } = entry;
    if (operator === '=' || operator === '!=' || operator === '=~' || operator === '!~')
      matchers.push({ label: unquote(slice(label, texts)), operator, value, from, to });
  }
  const named = matchers.find(({ label, operator }) => label === '__name__' && operator === '=');
  const chosen = name === null ? (quotedName ?? named?.value) : slice(name, texts);
  // A name that is a variable, in whole or in part, is not known.
  const isVariable = name !== null && findVariables(texts.original.slice(name.from, name.to)).length > 0;
  if (isVariable) name = null;
  const { from, to } = node;
  return { kind: 'selector', ...(chosen !== undefined && !isVariable && { name: chosen }), matchers, from, to };
}

function readRange(node: SyntaxNode, texts: Texts): Expression {
  const duration = child(node, 'DurationExpr');
  const text = texts.original.slice(duration.from, duration.to);
  const seconds = findVariables(text).length > 0 ? undefined : durationSeconds(text);
  return bindPostfix(read(child(node, 'Expr'), texts), (inner) => ({
    kind: 'range',
    inner,
    ...(seconds !== undefined && { seconds }),
    text,
    isSubquery: node.name === 'SubqueryExpr',
    from: inner.from,
    to: node.to,
  }));
}

function readAggregation(node: SyntaxNode, texts: Texts): Expression {
  const args = child(node, 'FunctionCallBody').getChildren('Expr');
  const [last, parameter] = [...args].reverse();
  if (last === undefined) throw new ExpressionError('an aggregation has nothing to aggregate', node.from);
  const modifier = node.getChild('AggregateModifier');
  const grouping: Grouping | undefined =
    modifier === null
      ? undefined
      : {
          mode: modifier.getChild('By') === null ? 'without' : 'by',
          labels: readLabels(child(modifier, 'GroupingLabels'), texts),
        };
  return {
    kind: 'aggregation',
    name: slice(child(node, 'AggregateOp'), texts).toLowerCase(),
    ...(grouping && { grouping }),
    ...(parameter && { parameter: read(parameter, texts) }),
    inner: read(last, texts),
    from: node.from,
    to: node.to,
  };
}

function readBinary(node: SyntaxNode, texts: Texts): Expression {
  const [left, right] = node.getChildren('Expr');
  // A comment may stand between an operand and its operator.
  let operator = left?.nextSibling;
  while (operator?.name === 'LineComment') operator = operator.nextSibling;
  if (left === undefined || right === undefined || !operator)
    throw new ExpressionError('an operator has one side only', node.from);
  const clause = node.getChild('MatchingModifierClause');
  return bindOperator({
    kind: 'binary',
    operator: slice(operator, texts).toLowerCase(),
    isBool: node.getChild('BoolModifier') !== null,
    ...(clause && { matching: readMatching(clause, texts) }),
    left: read(left, texts),
    right: read(right, texts),
    from: node.from,
    to: node.to,
  });
}

function readMatching(clause: SyntaxNode, texts: Texts): Matching {
  const [labels, include] = clause.getChildren('GroupingLabels');
  const isLeft = clause.getChild('GroupLeft') !== null;
  return {
    mode: clause.getChild('On') === null ? 'ignoring' : 'on',
    labels: labels === undefined ? [] : readLabels(labels, texts),
    ...((isLeft || clause.getChild('GroupRight') !== null) && { group: isLeft ? 'left' : 'right' }),
    include: include === undefined ? [] : readLabels(include, texts),
  };
}

/** Labels by name; one that is a variable is left out, as nothing can be said of it. */
function readLabels(node: SyntaxNode, texts: Texts): readonly LabelReference[] {
  return [...node.getChildren('LabelName'), ...node.getChildren('QuotedLabelName')]
    .filter(({ from, to }) => findVariables(texts.original.slice(from, to)).length === 0)
    .map((label) => ({ name: unquote(slice(label, texts)), from: label.from, to: label.to }));
}

function child(node: SyntaxNode, name: string): SyntaxNode {
  const found = node.getChild(name);
  if (found === null) throw new ExpressionError(`${node.name} without ${name}`, node.from);
  return found;
}

function slice({ from, to }: SyntaxNode, { source }: Texts): string {
  return source.slice(from, to);
}

function readNumber(text: string): number {
  const plain = Number(text.replaceAll('_', ''));
  if (!Number.isNaN(plain)) return plain;
  if (/^[-+]?inf$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return durationSeconds(text) ?? Number.NaN;
}

function unquote(text: string): string {
  if (text.startsWith('`')) return text.slice(1, -1);
  if (!/^["']/.test(text)) return text;
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r' };
  return text.slice(1, -1).replace(/\\(.)/g, (_, character: string) => escapes[character] ?? character);
}

function excerpt(text: string, from: number): string {
  const rest = text.slice(from).trim();
  if (rest === '') return 'its end: something is missing there';
  return `"${rest.length > 30 ? `${rest.slice(0, 30)}...` : rest}"`;
}
