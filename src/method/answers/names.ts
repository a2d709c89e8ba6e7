import { type Answer, CONSTANTS, type Expression } from './expression.ts';

const MOST_LETTERS = 6;

/**
 * What an answer gives a name to, where the side of a relation is no more than a name: `x` of `x = 5`, `f(x)`, `|AB|`, `(x, y)`, "Area".
 * null for anything that states something itself.
 */
export function nameOf(answer: Answer): string | null {
  if (answer.type === 'text') return answer.text;
  if (answer.type === 'value') return answer.unit === null ? nameOfExpression(answer.value) : null;
  if (answer.type === 'ratio') return nameOfRatio(answer.parts);
  if (answer.type !== 'tuple' || answer.open !== '(') return null;
  const names = answer.items.map(nameOf);
  return names.every((name) => name !== null) ? `(${names.join(',')})` : null;
}

function nameOfExpression(expression: Expression): string | null {
  const letters = namedLetters(expression);
  return letters !== null && letters.length <= MOST_LETTERS ? letters.join(' ') : null;
}

function nameOfRatio(parts: Expression[]): string | null {
  const names = parts.map(nameOfExpression);
  return names.every((name) => name !== null) ? names.join(':') : null;
}

function namedLetters(expression: Expression): string[] | null {
  switch (expression.type) {
    case 'symbol':
      return CONSTANTS.has(expression.name) ? null : [expression.name];
    case 'binary': {
      if (expression.operator === '^') return inverseFunction(expression);
      if (expression.operator !== '*' && expression.operator !== '/') return null;
      const [left, right] = [namedLetters(expression.left), namedLetters(expression.right) ?? argument(expression)];
      return left && right && [...left, ...(expression.operator === '/' ? ['/'] : []), ...right];
    }
    case 'call': {
      if (!/^(?:abs|'|[A-Za-z])$/.test(expression.name)) return null;
      const args = expression.args.map(namedLetters);
      return args.every((arg) => arg !== null) ? [expression.name, ...args.flat()] : null;
    }
    default:
      return null;
  }
}

/** The 2 of `f(2)`. */
function argument({ left, operator, right }: Expression & { type: 'binary' }): string[] | null {
  const isFunction = operator === '*' && left.type === 'symbol' && FUNCTION.test(left.name);
  return isFunction && right.type === 'number' ? [`(${right.value.numerator}/${right.value.denominator})`] : null;
}

const FUNCTION = /^[fghFGHPQ]$/;

/** `f^{-1}`. */
function inverseFunction({ left, right }: Expression & { type: 'binary' }): string[] | null {
  const isInverse = right.type === 'negate' && right.of.type === 'number';
  return isInverse && left.type === 'symbol' && FUNCTION.test(left.name) ? [`${left.name} inverse`] : null;
}
