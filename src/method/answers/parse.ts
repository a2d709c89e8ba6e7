import { type Answer, binary, type Expression, numeral, rewrite, rewriteAnswer, some } from './expression.ts';
import { FormulaParser } from './parse-formula.ts';
import { rational } from './rational.ts';
import { isMark, type Token, tokenize, Unreadable } from './tokens.ts';
import { CHANGES_NUMBER, unitOf, unitOfDegrees } from './units.ts';

const RELATIONS = new Set(['=', '<', '<=', '>', '>=', '!=', '~', 'in', 'notin', 'equiv', 'parallel', 'perp', 'to']);
const SET_OPERATIONS = new Set(['cup', 'cap', 'setminus']);
const SEPARATORS = new Set([',', ';', 'and', 'or']);
const CLOSING: Record<string, RegExp> = { '(': /^[)\]]$/, '[': /^[)\]]$/, '<<': /^>>$/ };
const CURRENCIES = new Set(['dollar', 'gbp', 'euro']);

/**
 * What a unified answer states.
 * @throws Unreadable where it is no mathematics that this grammar knows, or is larger than answers are
 */
export function parseAnswer(text: string, options: { groups: boolean }): Answer {
  const parser = new AnswerParser(tokenize(text, options));
  const answer = parser.list(() => false);
  parser.end();
  return answer;
}

class AnswerParser extends FormulaParser {
  /** Items up to the end or a closing mark. */
  list(isEnd: (mark: string) => boolean, expand = expandSigns): Answer {
    const groups: Answer[][] = [[]];
    const separators = new Set<string>();
    for (;;) {
      groups.at(-1)!.push(...expand(this.statement()));
      const mark = this.peekMark();
      if (mark === null || isEnd(mark) || !SEPARATORS.has(mark)) break;
      for (let next = this.peekMark(); next !== null && SEPARATORS.has(next); next = this.peekMark()) {
        separators.add(next);
        if (next === ';') groups.push([]);
        this.skip();
      }
    }
    const joined = separators.has('or') ? 'or' : separators.has(',') || separators.has(';') ? ',' : 'and';
    const list = (items: Answer[]): Answer => (items.length === 1 ? items[0]! : { type: 'list', items, joined });
    // "p = 1, q = 2; p = 3, q = 4" is a list of lists.
    const nested = separators.has(',') && groups.every((group) => group.length > 0);
    return list(nested ? groups.map(list) : groups.flat());
  }

  /** One item: an operand, or a chain of relations between operands. */
  private statement(): Answer {
    return this.nested(() => {
      const choice = this.choice();
      if (choice) return choice;
      const operands = [this.operand()];
      const operators: string[] = [];
      for (let mark = this.peekMark(); mark !== null && RELATIONS.has(mark); mark = this.peekMark()) {
        this.skip();
        operators.push(mark);
        operands.push(this.operand());
      }
      return operators.length === 0 ? operands[0]! : { type: 'relation', operands, operators };
    });
  }

  /** `(C)`, or of a whole answer "C)" or "C.", before anything else that is no operator: a letter to choose, and what it stands for. */
  private choice(): Answer | null {
    const length = isMark(this.peek(), '(') ? 3 : 2;
    const label = this.ahead(length + 1);
    const [letter, close, next] = label.slice(-3);
    const closes = length === 3 ? isMark(close, ')') : this.depth === 1 && (isMark(close, ')') || isMark(close, '.'));
    if (letter?.kind !== 'symbol' || !/^[A-H]$/.test(letter.name) || !closes || !next || next.kind === 'mark')
      return null;
    this.skip(length);
    return { type: 'choice', letter: letter.name, content: this.statement() };
  }

  private operand(): Answer {
    let left = this.term();
    for (let operator = this.setOperator(left); operator !== null; operator = this.setOperator(left)) {
      this.skip();
      left = { type: 'setOperation', operator, left, right: this.term() };
    }
    return left;
  }

  /** The operator that follows a set; a minus and the letter U are typed for two of them. */
  private setOperator(left: Answer): 'cup' | 'cap' | 'setminus' | null {
    const token = this.peek();
    const isSet = left.type === 'tuple' || left.type === 'set' || left.type === 'setOperation' || left.type === 'text';
    if (token?.kind === 'symbol') return isSet && token.name === 'U' ? 'cup' : null;
    if (token?.kind !== 'mark') return null;
    if (isSet && token.name === '-') return 'setminus';
    return SET_OPERATIONS.has(token.name) ? (token.name as 'cup') : null;
  }

  private term(): Answer {
    const token = this.peek();
    if (!token) throw new Unreadable('nothing');
    if (token.kind === 'environment') return this.matrix(token);
    if (token.kind === 'text') return { type: 'text', text: this.words() };
    if (token.kind === 'symbol' && /^set |^emptyset$/.test(token.name)) {
      this.skip();
      return token.name === 'emptyset' ? { type: 'set', items: [] } : this.named(token.name);
    }
    if (token.kind === 'mark') {
      if (token.name === '{' && isMark(this.ahead(2)[1], '}')) return this.set();
      if (this.ahead(2)[1]?.kind === 'environment' && /^[([|]$/.test(token.name)) return this.fenced(token.name);
      if (token.name === '\\{' || (token.name === '{' && this.holdsSeparator())) return this.set();
      if (token.name === '<<' || ((token.name === '(' || token.name === '[') && this.holdsSeparator()))
        return this.tuple();
    }
    return this.value();
  }

  /** `\mathbb{R}`, perhaps with a sign or a power: `\mathbb{R}^+`. */
  private named(name: string): Answer {
    let full = name;
    while (this.peekMark() === '^' || this.peekMark() === '_') {
      this.skip();
      full += this.takeScript();
    }
    return { type: 'text', text: full };
  }

  private words(): string {
    const found: string[] = [];
    for (let token = this.peek(); token?.kind === 'text'; token = this.peek()) {
      found.push(token.name);
      this.skip();
    }
    return found.join(' ');
  }

  private matrix(token: Token & { kind: 'environment' }): Answer & { type: 'matrix' } {
    this.skip();
    const cell = (tokens: Token[]): Answer => {
      const parser = new AnswerParser(tokens, this.depth + 1);
      const answer = parser.list(() => false);
      parser.end();
      return answer;
    };
    return { type: 'matrix', fence: token.name, rows: token.rows.map((row) => row.map(cell)) };
  }

  /** Brackets written around an array. */
  private fenced(open: string): Answer {
    this.skip();
    const matrix = this.matrix(this.peek() as Token & { kind: 'environment' });
    if (!/^[)\]|]$/.test(this.peekMark() ?? '')) throw new Unreadable('matrix');
    this.skip();
    return open === '|' ? { ...matrix, fence: 'vmatrix' } : matrix;
  }

  private set(): Answer {
    const close = this.peekMark() === '{' ? '}' : '\\}';
    this.skip();
    if (this.take(close)) return { type: 'set', items: [] };
    if (this.holdsBuilder()) {
      this.inBuilder = true;
      const member = this.operand();
      if (this.take('in')) this.operand();
      this.inBuilder = false;
      if (!this.take('|')) this.expect(':');
      const condition = this.list((mark) => mark === '\\}');
      this.expect('\\}');
      return { type: 'relation', operands: [member, { type: 'set', items: [condition] }], operators: ['|'] };
    }
    const inner = this.list((mark) => mark === close);
    this.expect(close);
    return { type: 'set', items: inner.type === 'list' ? inner.items : [inner] };
  }

  private tuple(): Answer {
    const open = this.peekMark()!;
    this.skip();
    const inner = this.list(
      (mark) => CLOSING[open]!.test(mark),
      (item) => [item],
    );
    const close = this.peekMark() ?? '';
    if (!CLOSING[open]!.test(close)) throw new Unreadable(`no bracket for ${open}`);
    this.skip();
    const items = inner.type === 'list' ? inner.items : [inner];
    return open === '<<' ? { type: 'tuple', open: '(', close: ')', items } : { type: 'tuple', open, close, items };
  }

  /** A formula with its currency before it or its unit behind it, or a ratio. */
  private value(): Answer {
    let currency = this.takeCurrency();
    const negative = currency === null && this.peekMark() === '-' && this.isCurrency(this.ahead(2)[1]);
    if (negative) {
      this.skip();
      currency = this.takeCurrency();
    }
    const first = this.sum();
    const ratio = [first];
    while (this.peekMark() === ':' && !this.inBuilder) {
      this.skip();
      ratio.push(this.sum());
    }
    const factor = this.peek();
    if (factor?.kind === 'environment') return scaledMatrix(first, this.matrix(factor));
    const unit = currency ?? this.takeUnit();
    if (ratio.length > 1) return { type: 'ratio', parts: ratio, unit };

    const signed: Expression = negative ? { type: 'negate', of: first } : first;
    const inDegrees = some(signed, isDegrees);
    const value = inDegrees ? rewrite(signed, (part) => (isDegrees(part) ? part.args[0]! : part)) : signed;
    const scaled = currency === null ? null : this.takeUnit();
    return scaledValue(value, inDegrees ? unitOfDegrees(unit) : unit, scaled);
  }

  private isCurrency(token: Token | undefined): boolean {
    return token?.kind === 'mark' && CURRENCIES.has(token.name);
  }

  private takeCurrency(): string | null {
    const mark = this.peekMark();
    if (mark === null || !CURRENCIES.has(mark)) return null;
    this.skip();
    return mark;
  }

  private takeUnit(): string | null {
    const mark = this.peekMark();
    if (mark === '%' || mark === 'cent' || (mark !== null && CURRENCIES.has(mark))) {
      this.skip();
      return mark;
    }
    const words: string[] = [];
    for (let token = this.peek(); token; token = this.peek()) {
      const script = words.length > 0 && token.kind === 'mark' && token.name === '^';
      const per = isMark(token, '/') && this.ahead(2)[1]?.kind === 'text';
      if (token.kind === 'text') words.push(` ${token.name}`);
      else if (!script && !per) break;
      this.skip();
      if (script) words.push(`^${this.takeScript()}`);
      if (per) words.push('/');
    }
    const text = words.join('');
    if (CHANGES_NUMBER.test(text)) throw new Unreadable('words that are no unit');
    return words.length > 0 ? unitOf(text) : null;
  }
}

/** A number before a matrix multiplies its cells. */
function scaledMatrix(factor: Expression, matrix: Answer & { type: 'matrix' }): Answer {
  const scale = (cell: Answer): Answer => {
    if (cell.type !== 'value') throw new Unreadable('matrix');
    return { ...cell, value: binary('*', factor, cell.value) };
  };
  return { ...matrix, rows: matrix.rows.map((row) => row.map(scale)) };
}

const isDegrees = (part: Expression): part is Expression & { type: 'call' } =>
  part.type === 'call' && part.name === 'degrees';

const SCALES = new Map([
  ['hundred', 100n],
  ['thousand', 1000n],
  ['million', 1_000_000n],
  ['billion', 1_000_000_000n],
  ['trillion', 1_000_000_000_000n],
  ['dozen', 12n],
]);

/** "1.5 million dollars" is 1,500,000 dollars. */
function scaledValue(value: Expression, unit: string | null, second: string | null): Answer {
  const [word = '', ...rest] = (second ?? unit ?? '').split(' ');
  const scale = SCALES.get(word);
  if (scale === undefined) return { type: 'value', value, unit };
  const remaining = second === null ? unitOf(rest.join(' ')) : unit;
  return { type: 'value', value: binary('*', value, numeral(rational(scale))), unit: remaining };
}

/** `1 \pm 2` is two values, and `(\pm 1, 2)` two points. With signs in several of its places a tuple may be two or four. */
function expandSigns(answer: Answer): Answer[] {
  const both = () => [1, -1].map((upper) => rewriteAnswer(answer, (part) => withSign(part, upper)));
  if (answer.type === 'value') return hasSigns(answer) ? both() : [answer];
  if (answer.type === 'tuple') return answer.items.filter(hasSigns).length === 1 ? both() : [answer];
  if (answer.type !== 'relation' || answer.operands.slice(0, -1).some(hasSigns)) return [answer];
  const last = expandSigns(answer.operands.at(-1)!);
  return last.map((value) => ({ ...answer, operands: [...answer.operands.slice(0, -1), value] }));
}

const hasSigns = (answer: Answer): boolean =>
  answer.type === 'value' && some(answer.value, (part) => part.type === 'plusMinus');

function withSign(part: Expression, upper: number): Expression {
  if (part.type !== 'plusMinus') return part;
  return binary(part.sign === upper ? '+' : '-', part.left, part.right);
}
