import { GROUPED } from './notation.ts';
import { numeralInBase, power, type Rational, rational } from './rational.ts';
import { isUnit, isUnitName } from './units.ts';
import {
  CONNECTIVES,
  FONTS,
  FUNCTION_NAMES,
  FUNCTIONS,
  MARKS,
  PLAIN,
  STRUCTURES,
  SYMBOLS,
  TEXT_FONT,
} from './vocabulary.ts';

/**
 * number: a numeral. symbol: a variable or constant (`x`, `pi`). function: `sqrt`, `sin`, `frac`. text: words. mark: an operator, relation,
 * bracket or separator, by one name however it was written. environment: a whole matrix or cases, its rows and cells as tokens.
 */
export type Token =
  | { kind: 'number'; value: Rational; decimals: number; written: string; spaced: boolean }
  | { kind: 'symbol' | 'function' | 'text' | 'mark'; name: string }
  | { kind: 'environment'; name: string; rows: Token[][][] };

export const isMark = (token: Token | undefined, name: string) => token?.kind === 'mark' && token.name === name;

/** The text can't be read as mathematics; what it says is told by its words. */
export class Unreadable extends Error {}

const MAX_TOKENS = 1500;
const MAX_DIGITS = 1000;

const NUMERAL = new RegExp(`(?:\\d{1,3}(?:${GROUPED}\\d{3})+|\\d+)(?:\\.\\d+|\\.(?![.\\d]))?|\\.\\d+`, 'y');
const THOUSANDS = /\d{1,3}(?:,\d{3})+(?![\d]|,\d)(?:\.\d+)?/y;
const SPACED_THOUSANDS = /\d{1,3}(?: \d{3})+(?![\d])(?:\.\d+)?/y;
const EXPONENT = /[eE]([-+]?\d{1,9})(?![\d.]|[A-Za-z])/y;
const BASED = /(\d[0-9A-Za-z]{0,40})_(?:\{(1[1-9]|[23]\d)\}|(1[1-9]|[23]\d)(?!\d))/y;
const COMMAND = /\\([A-Za-z]+|.)/sy;
/** Behind `\\not`. */
const NEGATED = /\s*(=|\\in(?![A-Za-z]))/y;
const LETTERS = /\p{L}+/uy;
const PLAIN_MARKS = /\*\*|<=|>=|=>|!=|=<|==|\.\.\.|<|>|[-+*/^_=!%()[\]{}|,;:'&"~@#?.`£€¢\uE002]/y;

export interface TokenOptions {
  /** Whether "1,234" outside of brackets is one number. */
  groups: boolean;
}

/**
 * Takes a unified text apart.
 * @throws Unreadable where it has more tokens, digits or levels than an answer has, or a character that is no mathematics
 */
export function tokenize(text: string, options: TokenOptions): Token[] {
  return new Tokenizer(text, options).all();
}

class Tokenizer {
  #position = 0;
  #spaced = false;
  #brackets = 0;
  readonly #tokens: Token[] = [];
  readonly #text: string;
  readonly #options: TokenOptions;

  constructor(text: string, options: TokenOptions) {
    this.#text = text;
    this.#options = options;
  }

  all(): Token[] {
    while (this.#position < this.#text.length) {
      if (/\s/.test(this.#text[this.#position]!)) {
        this.#spaced = true;
        this.#position++;
        continue;
      }
      this.#number() || this.#command() || this.#letters() || this.#mark();
      if (this.#tokens.length > MAX_TOKENS) throw new Unreadable('too many parts');
    }
    return this.#tokens;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#position;
    const found = pattern.exec(this.#text);
    if (found) this.#position += found[0].length;
    return found;
  }

  #push(token: Token): true {
    this.#tokens.push(token);
    this.#spaced = false;
    return true;
  }

  #pushNumber(value: Rational, decimals: number, written: string): true {
    return this.#push({ kind: 'number', value, decimals, written, spaced: this.#spaced });
  }

  #add(kind: 'symbol' | 'function' | 'text' | 'mark', name: string): true {
    return this.#push({ kind, name });
  }

  /** A numeral of a base above 10: `1A_{16}`. */
  #numeralWithLetters(): boolean {
    const found = this.#match(BASED);
    if (!found) return false;
    const value = numeralInBase(found[1]!, BigInt(found[2] ?? found[3]!));
    if (value === null) throw new Unreadable('no digit of its base');
    return this.#pushNumber(rational(value), 0, String(value));
  }

  #number(): boolean {
    if (this.#numeralWithLetters()) return true;
    const grouped =
      this.#brackets === 0 && this.#options.groups ? (this.#match(THOUSANDS) ?? this.#match(SPACED_THOUSANDS)) : null;
    const found = grouped ?? this.#match(NUMERAL);
    if (!found) return false;
    const digits = found[0].replace(/[^\d.]/g, '');
    if (digits.length > MAX_DIGITS) throw new Unreadable('too many digits');
    const [whole = '', decimals = ''] = digits.split('.');
    const exponent = Number(this.#match(EXPONENT)?.[1] ?? 0) - decimals.length;
    if (Math.abs(exponent) > 2000) throw new Unreadable('too many digits');
    const scale = power(rational(10n), rational(BigInt(exponent)))!;
    const mantissa = BigInt(`${whole}${decimals}` || '0');
    const value = rational(mantissa * scale.numerator, scale.denominator);
    return this.#pushNumber(value, decimals.length, digits);
  }

  #command(): boolean {
    const found = this.#match(COMMAND);
    if (!found) return false;
    const name = found[1]!;
    if (name === 'begin') return this.#environment();
    if (FONTS.test(name)) return this.#font(name);
    const negated = name === 'not' ? this.#match(NEGATED) : null;
    if (negated) return this.#markNamed(negated[1] === '=' ? '!=' : 'notin');
    const mark = MARKS.get(name);
    if (mark !== undefined) return this.#markNamed(mark);
    if (name === '{' || name === '}') return this.#markNamed(`\\${name}`);
    if (name === '|') return this.#add('mark', '|');
    if (name === '%' || name === '#' || name === '&') return this.#add('mark', name);
    if (name === '\\') return this.#add('mark', ';');
    const functionName = FUNCTION_NAMES.get(name) ?? name;
    if (FUNCTIONS.has(functionName)) return this.#add('function', functionName);
    if (STRUCTURES.has(name)) return this.#add('function', name);
    if (/^[A-Za-z]+$/.test(name)) return this.#add('symbol', SYMBOLS.get(name) ?? name);
    throw new Unreadable(`\\${name}`);
  }

  /** `\text{...}`: words, or a formula that stands in text for its looks. */
  #font(name: string): true {
    while (this.#text[this.#position] === ' ') this.#position++;
    if (this.#text[this.#position] !== '{') return true;
    const content = this.#group();
    const inner = content.trim();
    if (inner === '') {
      this.#spaced = true;
      return true;
    }
    if (name === 'mathbb') return this.#add('symbol', `set ${inner}`);
    const connective = /^,?\s*(and|or)$/i.exec(inner)?.[1];
    if (connective) return this.#add('mark', connective.toLowerCase());
    if (/^[;,]$/.test(inner)) return this.#add('mark', ',');
    if (/^[mgshlLNJWVAKCF]$/.test(inner) && this.#followsValue()) return this.#add('text', inner);
    if (/^[A-Za-z]{2,}$/.test(inner) && (!TEXT_FONT.test(name) || FUNCTIONS.has(inner))) return this.#word(inner, true);
    if (
      /^(?:[A-Za-z]|\([A-Za-z]\)|[A-Z](?:(?:,\s*(?:and\s)?|\s+and\s)\s*[A-Z])+|[-+\d.,/:%\s]+|.*[\\^=+].*)$/s.test(
        inner,
      ) ||
      /^\d/.test(inner)
    ) {
      for (const token of tokenize(content, this.#options)) this.#push(token);
      return true;
    }
    return this.#add('text', inner);
  }

  #environment(): true {
    const name = this.#group();
    const end = `\\end{${name}}`;
    const at = this.#text.indexOf(end, this.#position);
    if (at < 0) throw new Unreadable(`no ${end}`);
    const body = this.#text.slice(this.#position, at).replace(/^\s*\{[lcr|\s]*\}/, '');
    this.#position = at + end.length;
    const rows = body
      .split(/\\\\(?:\[[^\]]*\])?|\\cr(?![A-Za-z])/)
      .filter((row) => row.replace(/\\hline/g, '').trim() !== '');
    const cells = rows.map((row) => row.split('&').map((cell) => tokenize(cell, { groups: false })));
    return this.#push({ kind: 'environment', name: name.replace(/\*$/, ''), rows: cells });
  }

  /** The content of the braces that begin here. */
  #group(): string {
    const from = this.#position;
    let depth = 0;
    for (let index = from; index < this.#text.length; index++) {
      const char = this.#text[index];
      if (char === '\\') index++;
      else if (char === '{') depth++;
      else if (char === '}' && --depth === 0) {
        this.#position = index + 1;
        return this.#text.slice(from + 1, index);
      }
    }
    throw new Unreadable('no closing brace');
  }

  #letters(): boolean {
    const found = this.#match(LETTERS);
    return found !== null && this.#word(found[0], false);
  }

  /** A run of letters: a name that mathematics knows, a product of variables (`ab`, `3xyz`), or a word. */
  #word(run: string, alone: boolean): true {
    if (CONNECTIVES.test(run)) return this.#add('mark', run.toLowerCase());
    if (this.#followsValue() && isUnit(run)) return this.#add('text', run);
    if (/^[CF]$/.test(run) && this.#followsDegrees()) return this.#add('text', run);
    const name = FUNCTION_NAMES.get(run) ?? run;
    if (FUNCTIONS.has(name)) return this.#add('function', name);
    if (/^(?:pi|oo|[iI]nfinity)$/.test(run)) return this.#add('symbol', SYMBOLS.get(run) ?? run);
    const applied = /^(sqrt|sin|cos|tan|log|ln|pi)([a-z])$/.exec(run);
    if (applied) {
      this.#word(applied[1]!, alone);
      return this.#add('symbol', applied[2]!);
    }
    if (run.length === 1) return this.#add('symbol', run);
    const [before, last] = [this.#tokens.at(-2), this.#tokens.at(-1)];
    if (last?.kind === 'symbol' && /^(?:angle|measuredangle|triangle)$/.test(last.name)) return this.#symbols(run);
    const isRate = last?.kind === 'mark' && last.name === '/' && (isUnitName(run) || before?.kind === 'text');
    if (alone || isRate || !this.#isProduct(run)) return this.#add('text', run);
    return this.#symbols(run);
  }

  #symbols(run: string): true {
    for (const letter of run) this.#add('symbol', letter);
    return true;
  }

  #followsValue(): boolean {
    const last = this.#tokens.at(-1);
    return (
      last?.kind === 'number' || last?.kind === 'text' || (last?.kind === 'mark' && /^(?:[)}]|degree)$/.test(last.name))
    );
  }

  #followsDegrees(): boolean {
    const [before, last] = this.#tokens.slice(-2);
    return isMark(last, 'degree') || (isMark(last, '}') && isMark(before, 'degree'));
  }

  /** Two letters, or up to four that an operator, a digit or a brace touches. */
  #isProduct(run: string): boolean {
    if (!/^[A-Za-z]{2,4}$/.test(run)) return false;
    if (run.length === 2) return !/^(?:no|is|of|if|it|at|to|by|am|pm|AM|PM)$/.test(run);
    const before = this.#text[this.#position - run.length - 1] ?? ' ';
    const after = this.#text[this.#position] ?? ' ';
    return /[-+*/^_=\d{}(|]/.test(before) || /[-+*/^_=\d{}()|]/.test(after);
  }

  #mark(): true {
    const found = this.#match(PLAIN_MARKS);
    if (!found) throw new Unreadable(this.#text[this.#position]!);
    const mark = PLAIN.get(found[0]) ?? found[0];
    if (mark === '') return true;
    return this.#markNamed(mark);
  }

  #markNamed(mark: string): true {
    if (/^(?:\(|\[|\\\{|<<)$/.test(mark)) this.#brackets++;
    else if (/^(?:\)|\]|\\\}|>>)$/.test(mark)) this.#brackets--;
    return this.#add('mark', mark);
  }
}
