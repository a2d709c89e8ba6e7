import { add, divide, multiply, negate, power, type Rational, rational, TooLarge } from './rational.ts';

const MAX_DEPTH = 40;
const MAX_EXPONENT_DIGITS = 4;

const NUMBER = /(\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+\.?\d*|\.\d+)(?:[eE]([-+]?\d+))?/y;

/**
 * The exact value of a normalised answer that is a number or arithmetic on numbers: `1,000`, `.5`, `-\frac{3}{4}`, `1\frac{1}{2}`,
 * `1.5*10^{3}`, `3*6`. null where it is anything else: nothing is skipped, guessed or multiplied silently ("1 2", "2(3)").
 * null, too, for numbers too large and nesting too deep to be worth the time.
 */
export function parseNumber(text: string): Rational | null {
  const parser = new NumberParser(text);
  try {
    const value = parser.sum(0);
    return value && parser.done() ? value : null;
  } catch (error) {
    if (error instanceof TooLarge) return null;
    throw error;
  }
}

/** Recursive descent over tokens; each method returns null where the text does not go on as it should. */
class NumberParser {
  private position = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  done(): boolean {
    return this.position === this.text.length;
  }

  sum(depth: number): Rational | null {
    if (depth > MAX_DEPTH) throw new TooLarge();
    let value = this.product(depth);
    while (value) {
      const sign = this.take('+') ?? this.take('-');
      if (!sign) return value;
      const term = this.product(depth);
      value = term && add(value, sign === '+' ? term : negate(term));
    }
    return null;
  }

  private product(depth: number): Rational | null {
    let value = this.signed(depth);
    while (value) {
      const operator = this.take('*') ?? this.take('/');
      if (!operator) return value;
      const factor = this.signed(depth);
      value = factor && (operator === '*' ? multiply(value, factor) : divide(value, factor));
    }
    return null;
  }

  private signed(depth: number): Rational | null {
    if (depth > MAX_DEPTH) throw new TooLarge();
    if (this.take('+')) return this.signed(depth + 1);
    if (this.take('-')) {
      const value = this.signed(depth + 1);
      return value && negate(value);
    }
    return this.raised(depth);
  }

  private raised(depth: number): Rational | null {
    const base = this.atom(depth);
    if (!base || !this.take('^')) return base;
    const exponent = this.signed(depth + 1);
    return exponent && power(base, exponent);
  }

  private atom(depth: number): Rational | null {
    if (this.take('(')) return this.closed(depth, ')');
    if (this.take('{')) return this.closed(depth, '}');
    if (this.take('\\frac')) return this.fraction(depth);
    const number = this.number();
    return number && this.mixed(number, depth);
  }

  private closed(depth: number, bracket: string): Rational | null {
    const value = this.sum(depth + 1);
    return value && this.take(bracket) ? value : null;
  }

  private fraction(depth: number): Rational | null {
    const above = this.take('{') && this.closed(depth, '}');
    const below = above && this.take('{') && this.closed(depth, '}');
    return above && below ? divide(above, below) : null;
  }

  /** `1\frac{1}{2}` is a sum. */
  private mixed(whole: Rational, depth: number): Rational | null {
    if (!this.take('\\frac')) return whole;
    const part = whole.denominator === 1n ? this.fraction(depth) : null;
    return part && add(whole, part);
  }

  private number(): Rational | null {
    NUMBER.lastIndex = this.position;
    const token = NUMBER.exec(this.text);
    if (!token) return null;
    this.position += token[0].length;
    const [whole, decimals = ''] = token[1]!.replaceAll(',', '').split('.');
    const exponent = token[2] ?? '0';
    if (exponent.replace(/^[-+]?0*/, '').length > MAX_EXPONENT_DIGITS) throw new TooLarge();
    const scale = power(rational(10n), rational(BigInt(exponent) - BigInt(decimals.length)));
    return scale && multiply(rational(BigInt(`${whole}${decimals}`)), scale);
  }

  private take(token: string): string | null {
    if (!this.text.startsWith(token, this.position)) return null;
    this.position += token.length;
    return token;
  }
}
