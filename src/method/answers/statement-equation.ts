const TEXT = /\\(?:text|mathrm|mbox)\s*\{([^{}]*)\}/g;
const COMMANDS = /\\[A-Za-z]+|sqrt|sin|cos|tan|log|pi/g;
/** Between numbers, an x multiplies. */
const TIMES = /(?<=[\d)%]\s*)x(?=\s*[\d($])/g;
const PLAIN = /^[-−]?[\d.,]+$/;
/** An operation on what it binds, with its limits, or a whole determinant: what it equals is its value. */
const OPERATION =
  /^[-−]?\s*(?:\\displaystyle\s*)?\\(?:(?:lim|i{1,3}nt|oint|sum|prod)(?![A-Za-z])(?:\\limits)?(?:\s*[_^]\s*(?:\{[^{}]*\}|\\?\w+))*|begin\{([vV]matrix)\}.*?\\end\{\1\})/s;
/** A variable, or a function of one. */
const LONE = /^[-−]?\\?[A-Za-z\u0370-\u03ff]+(?:_\{?\w+\}?|')?(?:\([a-z]\))?$/;
const SEVERAL = /(?<!\\)(?:,(?!\d{3})|;)|&|\\\\|\b(?:and|or)\b|[<>≤≥≠]|\\(?:leq?|geq?|lt|gt|neq?|in)(?![a-z])/;

/** Between two equals signs, the end of one equation and the name in another: `1 \quad y` of `x = 1 \quad y = 2`. */
const NEXT_NAME =
  /(?<!\\(?:(?:Long|long)?[rR]ightarrow|implies|iff|therefore|to)\s*)\\(?:[,;: ]|q?quad(?![a-z]))\s*[A-Za-z](?:_\{?\w+\}?)?$/;

/**
 * What a stated equation gives: "3 * 6 = 18", "Total = 18" and "x = 3 * 6 = 18" give 18, and so do "m + n = 18" and
 * "f(2) = 18", while `x = 5`, `y = 2x + 1` and `x + y = 18` stay whole. An approximation that
 * follows the exact value goes.
 */
export function rightSide(statement: string): string {
  const exact = withoutApproximation(statement);
  const sides = splitEquation(exact);
  const [left, right] = [sides[0]!, sides.at(-1)!];
  const operand = left.replace(OPERATION, '');
  if (sides.length === 1 || sides.some((side) => side === '' || side === '?')) return exact;
  if (SEVERAL.test([operand, ...sides.slice(1)].join(' ')) || sides.slice(1, -1).some((side) => NEXT_NAME.test(side)))
    return exact;
  if (sides.length > 2 || operand !== left) return right;
  const unit = /\d\s*([A-Za-z]+)$/.exec(right)?.[1] ?? '';
  const letters = left.replace(TEXT, '$1').replace(COMMANDS, '').replace(TIMES, '*').replaceAll(unit, '');
  if (/[a-z]{3,}/.test(letters)) return right;
  if (LONE.test(left) || /[x-zX-Z]/.test(letters)) return exact;
  if (/[A-Za-z\u0370-\u03ff]/.test(letters)) return isConstant(right) ? right : exact;
  return PLAIN.test(left) && !PLAIN.test(right) ? left : right;
}

function isConstant(side: string): boolean {
  return !/[A-Za-z\u0370-\u03ff]/.test(side.replace(TEXT, '').replace(COMMANDS, ''));
}

function withoutApproximation(statement: string): string {
  const [exact] = statement.split(/\\approx(?![a-z])|≈/);
  return /\d|\\pi/.test(exact!.split('=').at(-1)!) ? exact!.trim() : statement;
}

/** Splits at the equals signs that no bracket holds. */
function splitEquation(statement: string): string[] {
  const sides: string[] = [];
  let depth = 0;
  let start = 0;
  for (let index = 0; index < statement.length; index++) {
    const char = statement[index]!;
    if ('([{'.includes(char)) depth++;
    else if (')]}'.includes(char)) depth--;
    if (char !== '=' || depth > 0 || '<>!=:'.includes(statement[index - 1] ?? ' ') || statement[index + 1] === '=')
      continue;
    sides.push(statement.slice(start, index).trim());
    start = index + 1;
  }
  return [...sides, statement.slice(start).trim()];
}
