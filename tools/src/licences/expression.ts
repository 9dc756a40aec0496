import parse from 'spdx-expression-parse';

/**
 * Parses an SPDX licence expression, such as `MIT`, `(MIT OR Apache-2.0)` or `Apache-2.0 WITH LLVM-exception`.
 *
 * @returns `undefined` for other texts and for unknown licences.
 */
export function parseLicence(text: string): parse.Info | undefined {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Whether allowed licences satisfy an expression: for `OR` one side is enough, for `AND` both are
 * needed. An exception (`WITH`) only adds permissions, and a later version (`+`) is a choice, so neither changes the answer.
 */
export function isSatisfied(expression: parse.Info, isAllowed: (licence: string) => boolean): boolean {
  if ('license' in expression) return isAllowed(expression.license);
  const sides = [expression.left, expression.right];
  return expression.conjunction === 'or'
    ? sides.some((side) => isSatisfied(side, isAllowed))
    : sides.every((side) => isSatisfied(side, isAllowed));
}

/** Normalizes an expression: without unneeded parentheses. Other texts stay unchanged. */
export function normaliseLicence(text: string): string {
  const expression = parseLicence(text);
  return expression === undefined ? text : writeExpression(expression);
}

function writeExpression(expression: parse.Info): string {
  if ('license' in expression) {
    const { license, plus = false, exception } = expression;
    return `${license}${plus ? '+' : ''}${exception === undefined ? '' : ` WITH ${exception}`}`;
  }
  const { conjunction } = expression;
  const sides = [expression.left, expression.right].map((side) => {
    const isMixed = 'conjunction' in side && side.conjunction !== conjunction;
    return isMixed ? `(${writeExpression(side)})` : writeExpression(side);
  });
  return sides.join(` ${conjunction.toUpperCase()} `);
}
