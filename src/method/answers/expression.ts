import type { Rational } from './rational.ts';

/** A formula as a tree. What its symbols and calls mean is decided where it is evaluated. */
export type Expression =
  | { type: 'number'; value: Rational; decimals: number }
  | { type: 'symbol'; name: string }
  | { type: 'negate'; of: Expression }
  | { type: 'binary'; operator: '+' | '-' | '*' | '/' | '^' | 'mod'; left: Expression; right: Expression }
  /** `left \pm right`, or `\mp` where the sign is -1: two values. */
  | { type: 'plusMinus'; sign: 1 | -1; left: Expression; right: Expression }
  | { type: 'call'; name: string; args: Expression[] }
  /** `\sum`, `\prod`, `\int`, `\lim`: the variable is bound in the body. */
  | { type: 'bound'; name: string; variable: string; limits: Expression[]; body: Expression };

/** A final answer as what it states. */
export type Answer =
  | { type: 'value'; value: Expression; unit: string | null }
  | { type: 'ratio'; parts: Expression[]; unit: string | null }
  | { type: 'text'; text: string }
  /** Unordered and without brackets: `1, 2`, `x = 1 or x = 2`. With a comma in it ("1, 2, and 3") commas join it. */
  | { type: 'list'; items: Answer[]; joined: ',' | 'and' | 'or' }
  | { type: 'set'; items: Answer[] }
  /** Ordered, in brackets: a point, a vector or an interval. */
  | { type: 'tuple'; open: string; close: string; items: Answer[] }
  | { type: 'matrix'; fence: string; rows: Answer[][] }
  /** `0 < x <= 1`: one operator fewer than operands. */
  | { type: 'relation'; operands: Answer[]; operators: string[] }
  | { type: 'setOperation'; operator: 'cup' | 'cap' | 'setminus'; left: Answer; right: Answer }
  /** `(C)`, and what it stands for where that is said too. */
  | { type: 'choice'; letter: string; content: Answer };

export const numeral = (value: Rational): Expression => ({ type: 'number', value, decimals: 0 });

export const call = (name: string, ...args: Expression[]): Expression => ({ type: 'call', name, args });

export const binary = (
  operator: (Expression & { type: 'binary' })['operator'],
  left: Expression,
  right: Expression,
): Expression => ({ type: 'binary', operator, left, right });

/** The expressions directly below this one. */
export function parts(expression: Expression): Expression[] {
  switch (expression.type) {
    case 'number':
    case 'symbol':
      return [];
    case 'negate':
      return [expression.of];
    case 'binary':
    case 'plusMinus':
      return [expression.left, expression.right];
    case 'call':
      return expression.args;
    case 'bound':
      return [...expression.limits, expression.body];
  }
}

/** The same expression with other parts, in the order of `parts`. */
function withParts(expression: Expression, changed: Expression[]): Expression {
  switch (expression.type) {
    case 'number':
    case 'symbol':
      return expression;
    case 'negate':
      return { ...expression, of: changed[0]! };
    case 'binary':
    case 'plusMinus':
      return { ...expression, left: changed[0]!, right: changed[1]! };
    case 'call':
      return { ...expression, args: changed };
    case 'bound':
      return { ...expression, limits: changed.slice(0, -1), body: changed.at(-1)! };
  }
}

/** A copy in which `change` has replaced what it wants to, from the leaves up. */
export function rewrite(expression: Expression, change: (part: Expression) => Expression): Expression {
  return change(
    withParts(
      expression,
      parts(expression).map((part) => rewrite(part, change)),
    ),
  );
}

/** The same for every formula in an answer. */
export function rewriteAnswer(answer: Answer, change: (part: Expression) => Expression): Answer {
  const inside = (part: Answer) => rewriteAnswer(part, change);
  switch (answer.type) {
    case 'text':
      return answer;
    case 'value':
      return { ...answer, value: rewrite(answer.value, change) };
    case 'ratio':
      return { ...answer, parts: answer.parts.map((part) => rewrite(part, change)) };
    case 'list':
    case 'set':
    case 'tuple':
      return { ...answer, items: answer.items.map(inside) };
    case 'matrix':
      return { ...answer, rows: answer.rows.map((row) => row.map(inside)) };
    case 'relation':
      return { ...answer, operands: answer.operands.map(inside) };
    case 'setOperation':
      return { ...answer, left: inside(answer.left), right: inside(answer.right) };
    case 'choice':
      return { ...answer, content: inside(answer.content) };
  }
}

export function some(expression: Expression, holds: (part: Expression) => boolean): boolean {
  return holds(expression) || parts(expression).some((part) => some(part, holds));
}

/** Constants that a letter or name stands for; every other symbol is a variable. */
export const CONSTANTS = new Set(['pi', 'e', 'i', 'infinity', '...']);

/** The variables that are free in it. */
export function variables(expression: Expression): Set<string> {
  const found = new Set<string>();
  const visit = (part: Expression, bound: readonly string[]): void => {
    if (part.type === 'symbol' && !CONSTANTS.has(part.name) && !bound.includes(part.name)) found.add(part.name);
    for (const inner of parts(part)) visit(inner, part.type === 'bound' ? [...bound, part.variable] : bound);
  };
  visit(expression, []);
  return found;
}
