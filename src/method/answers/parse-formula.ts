import { binary, call, type Expression, numeral, rewrite } from './expression.ts';
import { add, divide, power, type Rational, rational } from './rational.ts';
import { TokenStream } from './token-stream.ts';
import { isMark, type Token, Unreadable } from './tokens.ts';
import { numberNamed } from './words.ts';

const TRIGONOMETRIC = /^(?:sin|cos|tan|cot|sec|csc)$/;
const NAMED_ARGUMENTS = new Set(['max', 'min', 'gcd', 'lcm', 'abs', 'floor', 'ceil', 'det', 'binomial']);
const OPENS_FACTOR = new Set(['(', '[', '{', 'lfloor', 'lceil']);
/** What stands over letters makes a name of them, in their order. */
const ACCENTS = new Map([
  ['overline', 'bar'],
  ['bar', 'bar'],
  ['dot', 'dot'],
  ['vec', 'vector'],
  ['overrightarrow', 'vector'],
  ['hat', 'hat'],
]);

/** Recursive descent over the tokens of a formula: sums, products, powers, atoms. */
export class FormulaParser extends TokenStream {
  /** Between `{` and the bar or colon of `\\{x | x > 0\\}`, where neither is part of a formula. */
  protected inBuilder = false;
  #bars = 0;

  protected sum(): Expression {
    return this.nested(() => {
      let left: Expression | null = null;
      for (;;) {
        const mark = this.peekMark();
        if (mark === 'pm' || mark === 'mp') {
          this.skip();
          left = { type: 'plusMinus', sign: mark === 'pm' ? 1 : -1, left: left ?? number(0n), right: this.#product() };
        } else if (left !== null && (mark === '+' || mark === '-')) {
          this.skip();
          left = binary(mark, left, this.#product());
        } else if (left === null) left = this.#product();
        else return left;
      }
    });
  }

  #product(): Expression {
    let left = this.#signed();
    for (;;) {
      const mark = this.peekMark();
      const token = this.peek();
      // "2/hour" is two of a unit.
      if (mark === '/' && this.ahead(2)[1]?.kind === 'text') return left;
      if (mark === '*' || mark === '/') {
        this.skip();
        left = binary(mark, left, this.#signed());
      } else if (token?.kind === 'function' && (token.name === 'bmod' || token.name === 'mod')) {
        this.skip();
        left = binary('mod', left, this.#signed());
      } else if (token?.kind === 'function' && token.name === 'pmod') {
        this.skip();
        left = call('pmod', left, this.#argument());
      } else if (this.#beginsFactor(left)) left = binary('*', left, this.#power());
      else return left;
    }
  }

  /** Whether a factor follows without an operator. Two numerals side by side are no product. */
  #beginsFactor(left: Expression): boolean {
    const token = this.peek();
    if (!token || token.kind === 'text' || token.kind === 'environment') return false;
    if (token.kind === 'number') return !endsInNumber(left);
    if (token.kind === 'function') return token.name !== 'choose' && token.name !== 'over' && token.name !== 'not';
    if (token.kind === 'symbol') return !/^set |^emptyset$/.test(token.name);
    if (token.name === '|') return this.#bars === 0 && !this.inBuilder && this.isAhead('|');
    return OPENS_FACTOR.has(token.name);
  }

  #signed(): Expression {
    if (this.take('+')) return this.nested(() => this.#signed());
    if (this.take('-')) return { type: 'negate', of: this.nested(() => this.#signed()) };
    return this.#power();
  }

  #power(): Expression {
    let base = this.#postfix(this.#atom());
    while (this.peekMark() === '^') {
      this.skip();
      if (this.#takeRaised('degree')) base = call('degrees', base);
      else if (this.#takeRaised("'")) base = call("'", base);
      else {
        const exponent = this.nested(() => this.#exponent());
        base = this.#postfix(binary('^', base, exponent));
        if (this.peekMark() === '^') throw new Unreadable('two exponents');
      }
    }
    return base;
  }

  #exponent(): Expression {
    if (this.take('-')) return { type: 'negate', of: this.#exponent() };
    if (this.take('+')) return this.#exponent();
    if (this.peekMark() === '{') return this.#braced();
    const base = this.#postfix(this.#atom());
    return this.take('^')
      ? binary(
          '^',
          base,
          this.nested(() => this.#exponent()),
        )
      : base;
  }

  /** A mark as the whole exponent: `^\circ`, `^{\circ}`. */
  #takeRaised(mark: string): boolean {
    const [first, second, third] = this.ahead(3);
    if (isMark(first, mark)) this.skip();
    else if (isMark(first, '{') && isMark(second, mark) && isMark(third, '}')) this.skip(3);
    else return false;
    return true;
  }

  #postfix(atom: Expression): Expression {
    let value = atom;
    for (;;) {
      if (this.take('!')) value = call(this.take('!') ? 'doubleFactorial' : 'factorial', value);
      else if (this.take("'")) value = call("'", value);
      else if (this.take('degree')) value = call('degrees', value);
      else return value;
    }
  }

  #atom(): Expression {
    const token = this.peek();
    if (!token) throw new Unreadable('nothing');
    if (token.kind === 'number') return this.#number(token);
    if (token.kind === 'symbol') return this.#symbol(token.name);
    if (token.kind === 'function') return this.#function(token.name);
    if (token.kind !== 'mark') throw new Unreadable('words');
    switch (token.name) {
      case '(':
        return this.#grouped(')');
      case '[':
        return this.#grouped(']');
      case '{':
        return this.#braced();
      case 'lfloor':
        return call('floor', this.#grouped('rfloor'));
      case 'lceil':
        return call('ceil', this.#grouped('rceil'));
      case '|':
        return this.#absolute();
      case '_':
      case '^':
        return this.#chosen();
      case '...':
        this.skip();
        return { type: 'symbol', name: '...' };
      default:
        throw new Unreadable(token.name);
    }
  }

  /** `_7C_2` and `^7P_2`, with the upper number before its letter. */
  #chosen(): Expression {
    this.skip();
    const above = this.nested(() => this.#argumentWhole());
    const letter = this.peek();
    this.skip();
    if (letter?.kind !== 'symbol' || !/^[CP]$/.test(letter.name)) throw new Unreadable('index of nothing');
    this.expect('_');
    const below = this.nested(() => this.#argumentWhole());
    return call(letter.name === 'C' ? 'binomial' : 'permutations', above, below);
  }

  #grouped(close: string): Expression {
    this.skip();
    return this.#within(close, () => this.sum());
  }

  /** What stands in brackets up to `close`: a bar in them closes none that was opened before. */
  #within<T>(close: string, work: () => T): T {
    const bars = this.#bars;
    this.#bars = 0;
    const inner = work();
    this.#bars = bars;
    this.expect(close);
    return inner;
  }

  #absolute(): Expression {
    this.skip();
    this.#bars++;
    const inner = this.sum();
    this.#bars--;
    this.expect('|');
    return call('abs', inner);
  }

  /** `{...}`, and the infix commands that live in it. */
  #braced(): Expression {
    this.expect('{');
    return this.#within('}', () => {
      const above = this.sum();
      const infix = this.peek();
      if (infix?.kind !== 'function' || (infix.name !== 'choose' && infix.name !== 'over')) return above;
      this.skip();
      const below = this.sum();
      return infix.name === 'choose' ? call('binomial', above, below) : binary('/', above, below);
    });
  }

  /** What a command takes: a group, a command with its own arguments, a letter, or one digit (`\frac12`). */
  #argument(): Expression {
    const token = this.peek();
    if (token?.kind === 'mark' && token.name === '{') return this.nested(() => this.#braced());
    if (token?.kind === 'mark' && token.name === '-') {
      this.skip();
      return { type: 'negate', of: this.#argument() };
    }
    if (token?.kind === 'number') {
      if (/^\d{2,}$/.test(token.written)) {
        const [digit, ...rest] = token.written;
        const written = rest.join('');
        this.replace({ ...token, value: rational(BigInt(written)), written });
        return number(BigInt(digit!));
      }
      this.skip();
      return literal(token);
    }
    return this.nested(() => this.#atom());
  }

  #number(token: Token & { kind: 'number' }): Expression {
    this.skip();
    const whole = literal(token);
    const next = this.peek();
    if (isMark(next, '_')) {
      this.skip();
      return call(
        'base',
        whole,
        this.nested(() => this.#numberNamed() ?? this.#argumentWhole()),
      );
    }
    if (next?.kind === 'function' && (next.name === 'overline' || next.name === 'dot') && token.written.includes('.'))
      return this.#repeating(token);
    return token.decimals === 0 ? (this.#mixed(token.value) ?? whole) : whole;
  }

  /** A base in words: `1011_{\text{two}}`. */
  #numberNamed(): Expression | null {
    const [open, words, close] = this.ahead(3);
    if (!isMark(open, '{') || words?.kind !== 'text' || !isMark(close, '}')) return null;
    const named = numberNamed(words.name);
    if (named === null) return null;
    this.skip(3);
    return number(named);
  }

  /** `1\frac{1}{2}` and "1 1/2" are sums. */
  #mixed(whole: Rational): Expression | null {
    const [first, slash, last, more] = this.ahead(4);
    if (
      first?.kind === 'number' &&
      first.spaced &&
      isMark(slash, '/') &&
      last?.kind === 'number' &&
      !isMark(more, '^')
    ) {
      if (first.decimals + last.decimals > 0) return null;
      this.skip(3);
      const fraction = divide(first.value, last.value);
      if (fraction === null) throw new Unreadable('a fraction without value');
      return numeral(add(whole, fraction));
    }
    if (first?.kind !== 'function' || first.name !== 'frac') return null;
    return this.attempt(() => {
      this.skip();
      const [above, below] = [this.#argument(), this.#argument()];
      if (above.type !== 'number' || below.type !== 'number' || above.decimals + below.decimals > 0) return null;
      const fraction = divide(above.value, below.value);
      return fraction && !isMark(this.peek(), '^') ? numeral(add(whole, fraction)) : null;
    });
  }

  /** `0.1\overline{6}`. */
  #repeating(token: Token & { kind: 'number' }): Expression {
    this.skip();
    const [open, digits, close] = this.ahead(3);
    if (!isMark(open, '{') || digits?.kind !== 'number' || digits.decimals > 0 || !isMark(close, '}'))
      throw new Unreadable('repeating decimal');
    this.skip(3);
    const shift = power(rational(10n), rational(BigInt(token.decimals)))!;
    const nines = rational(10n ** BigInt(digits.written.length) - 1n);
    const tail = divide(divide(digits.value, nines)!, shift)!;
    return numeral(add(token.value, tail));
  }

  #symbol(name: string): Expression {
    this.skip();
    if (!this.take('_')) return this.#applied(name);
    const index = this.takeScript();
    return this.#applied(`${name}_${index}`);
  }

  /** `f(x, y)`: a function of several arguments. With one, f(x) reads like a product and compares like one. */
  #applied(name: string): Expression {
    if (this.peekMark() !== '(' || !this.holdsSeparator()) return { type: 'symbol', name };
    const args = this.#arguments();
    return /^[CP]$/.test(name) && args.length === 2
      ? call(name === 'C' ? 'binomial' : 'permutations', ...args)
      : call(name, ...args);
  }

  #arguments(): Expression[] {
    this.expect('(');
    return this.#within(')', () => {
      const args = [this.sum()];
      while (this.take(',') || this.take(';')) args.push(this.sum());
      return args;
    });
  }

  /** What stands in an index, as written: `n+1` of `a_{n+1}`. */
  protected takeScript(): string {
    const token = this.peek();
    if (!token) throw new Unreadable('index');
    this.skip();
    if (token.kind === 'number') return token.written;
    if (token.kind === 'environment') throw new Unreadable('index');
    if (token.name !== '{') return token.name;
    let text = '';
    for (let depth = 1; depth > 0; ) {
      const inner = this.peek();
      if (!inner || inner.kind === 'environment') throw new Unreadable('index');
      this.skip();
      if (isMark(inner, '{')) depth++;
      else if (isMark(inner, '}')) depth--;
      if (depth > 0) text += inner.kind === 'number' ? inner.written : inner.name;
    }
    return text;
  }

  /** An argument of which a numeral is taken whole: the base of `101_{12}` or `\log_{10}`. */
  #argumentWhole(): Expression {
    const token = this.peek();
    if (token?.kind !== 'number') return this.#argument();
    this.skip();
    return literal(token);
  }

  #function(name: string): Expression {
    this.skip();
    if (name === 'frac') return binary('/', this.#argument(), this.#argument());
    if (name === 'binom') return call('binomial', this.#argument(), this.#argument());
    if (name === 'boxed' || name === 'fbox') return this.#argument();
    if (name === 'sqrt') return this.#root();
    if (name === 'cbrt') return call('root', this.#operandOf(), number(3n));
    const accent = ACCENTS.get(name);
    if (accent !== undefined) return { type: 'symbol', name: `${accent} ${this.takeScript()}` };
    if (name === 'sum' || name === 'prod' || name === 'int' || name === 'lim') return this.#bound(name);
    if (NAMED_ARGUMENTS.has(name)) return call(name, ...this.#listedArguments());
    if (name === 'choose' || name === 'over' || name === 'not' || name.endsWith('mod')) throw new Unreadable(name);
    return this.#applyFunction(name);
  }

  #listedArguments(): Expression[] {
    if (this.peekMark() === '(') return this.#arguments();
    return [this.#operandOf()];
  }

  #root(): Expression {
    let degree: Expression | null = null;
    if (this.peekMark() === '[') degree = this.#grouped(']');
    const of = this.#operandOf();
    return degree === null ? call('sqrt', of) : call('root', of, degree);
  }

  /** The operand of a prefix function: a group, or the next factor whole (`\sqrt12`, `\sqrt x`). */
  #operandOf(): Expression {
    return this.nested(() => {
      const token = this.peek();
      if (token?.kind === 'number') {
        this.skip();
        return literal(token);
      }
      return this.peekMark() === '{' ? this.#braced() : this.#atom();
    });
  }

  /** `\sin^2 x`, `\log_2 8`, `\sin 2x \cos x`: without brackets the argument ends at the next operator or function. */
  #applyFunction(name: string): Expression {
    let base: Expression | null = null;
    let exponent: Expression | null = null;
    for (let round = 0; round < 2; round++) {
      if (base === null && this.take('_')) base = this.nested(() => this.#argumentWhole());
      if (exponent === null && this.take('^')) exponent = this.nested(() => this.#exponent());
    }
    const argument = this.nested(() => this.#functionArgument());
    const inverse = exponent !== null && isMinusOne(exponent) && TRIGONOMETRIC.test(name);
    const full = inverse ? `arc${name}` : name;
    const angle = TRIGONOMETRIC.test(full) || full === 'cis' ? inRadians(argument) : argument;
    const applied = base === null ? call(full, angle) : call('logarithm', angle, base);
    return exponent === null || inverse ? applied : binary('^', applied, exponent);
  }

  #functionArgument(): Expression {
    const open = this.peekMark();
    if (open === '(' || open === '[') return this.#grouped(open === '(' ? ')' : ']');
    if (open === '-') {
      this.skip();
      return { type: 'negate', of: this.#functionArgument() };
    }
    let argument = this.#power();
    for (;;) {
      const token = this.peek();
      const ends = token?.kind === 'function' && token.name !== 'frac' && token.name !== 'sqrt';
      if (ends || this.peekMark() === '(' || !this.#beginsFactor(argument)) break;
      argument = binary('*', argument, this.#power());
    }
    // `\sin x/2` is read as written in line: \frac makes the other reading plain.
    return argument;
  }

  #bound(name: string): Expression {
    let variable = '';
    const limits: Expression[] = [];
    for (let round = 0; round < 2; round++) {
      if (this.take('_')) {
        const braced = this.take('{');
        const token = this.peek();
        const next = this.ahead(2)[1];
        if (token?.kind === 'symbol' && (isMark(next, '=') || isMark(next, 'to'))) {
          variable = token.name;
          this.skip(2);
        }
        limits.unshift(braced ? this.sum() : this.#argument());
        if (braced) this.expect('}');
      } else if (this.take('^')) limits.push(this.nested(() => this.#argument()));
    }
    return {
      type: 'bound',
      name,
      variable,
      limits,
      body: withBoundIndex(
        this.nested(() => this.#product()),
        variable,
      ),
    };
  }
}

/** The indices of a body, `k` of `a_k`, are names: the bound variable in them is written as one, whatever its letter. */
function withBoundIndex(body: Expression, variable: string): Expression {
  if (variable === '') return body;
  return rewrite(body, (part) => {
    const [, name, index] = part.type === 'symbol' ? (/^([^_]*)_(.*)$/s.exec(part.name) ?? []) : [];
    return name === undefined ? part : { type: 'symbol', name: `${name}_${index!.replaceAll(variable, '#')}` };
  });
}

/** A numeral as it was written. */
const literal = ({ value, decimals }: Token & { kind: 'number' }): Expression => ({ type: 'number', value, decimals });

const number = (value: bigint) => numeral(rational(value));

const isMinusOne = (it: Expression) =>
  it.type === 'negate' && it.of.type === 'number' && it.of.value.numerator === it.of.value.denominator;

/** `2` of `2 \cdot 2`, but not of `2^2` or `(2)`: what a numeral may not follow. */
const endsInNumber = (it: Expression): boolean =>
  it.type === 'number' ||
  (it.type === 'negate' && endsInNumber(it.of)) ||
  (it.type === 'binary' && it.operator !== '^' && endsInNumber(it.right));

const inRadians = (angle: Expression): Expression =>
  rewrite(angle, (part) =>
    part.type === 'call' && part.name === 'degrees'
      ? binary('*', part.args[0]!, binary('/', { type: 'symbol', name: 'pi' }, number(180n)))
      : part,
  );
