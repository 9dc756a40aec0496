import type { Binary, Expression } from './expression.ts';

/*
 * The grammar for editors lets `offset`, `@` and `[5m]` take in the whole operation to their left: for it,
 * `a + b offset 5m` is `(a + b) offset 5m`. For Prometheus they belong to `b` alone. Here its reading is set right.
 */

const strengths: readonly (readonly string[])[] = [
  ['or'],
  ['and', 'unless'],
  ['==', '!=', '>', '<', '>=', '<=', '</', '>/'],
  ['+', '-'],
  ['*', '/', '%', 'atan2'],
  ['^'],
];

/** Binds what stands behind an expression to its last operand, as Prometheus does. */
export function bindPostfix(expression: Expression, wrap: (operand: Expression) => Expression): Expression {
  if (expression.kind === 'binary') {
    const right = bindPostfix(expression.right, wrap);
    return { ...expression, right, to: right.to };
  }
  if (expression.kind === 'sign') {
    const inner = bindPostfix(expression.inner, wrap);
    return { ...expression, inner, to: inner.to };
  }
  return wrap(expression);
}

/** Gives an operator the operand that it binds stronger than the operator to its left. */
export function bindOperator(binary: Binary): Binary {
  const { left } = binary;
  if (left.kind !== 'binary' || !bindsStronger(binary.operator, left.operator)) return binary;
  const right = bindOperator({ ...binary, left: left.right, from: left.right.from });
  return { ...left, right, to: right.to };
}

function bindsStronger(one: string, other: string): boolean {
  const strengthOf = (operator: string) => strengths.findIndex((operators) => operators.includes(operator));
  // Only `^` goes from right to left.
  return strengthOf(one) > strengthOf(other) || (one === '^' && other === '^');
}
