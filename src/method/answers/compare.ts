import { Budget, OutOfBudget } from './budget.ts';
import { exactValue } from './exact.ts';
import { type Answer, binary, type Expression, some, variables } from './expression.ts';
import { constantValue, proportional, sameExpression } from './identity.ts';
import { nameOf } from './names.ts';
import { unify } from './notation.ts';
import { parseAnswer } from './parse.ts';
import { DEFAULT_POLICIES, type Policies } from './policies.ts';
import { type Rational, rational, TooLarge } from './rational.ts';
import { FLIPPED, realSet, sameRealSet } from './real-set.ts';
import { Unreadable } from './tokens.ts';
import { ratioOfUnits } from './units.ts';
import { numberNamed, plainText, sameText, saysNothing } from './words.ts';

/** Changes with every change of what is called equal; recorded with results, so that numbers of different graders are not mixed. */
export const GRADER_VERSION = '2';

/** `timeout`: more work than one comparison may cost, so that nothing is known. */
export type Equality = 'equal' | 'different' | 'unparsed-response' | 'unparsed-reference' | 'timeout';

export interface Comparison {
  outcome: Equality;
  /** What decided: the kind of answers that were compared, or why one could not be read. */
  rule: string;
}

const MAX_LENGTH = 4000;
/** Roughly microseconds on a slow core. */
const MAX_WORK = 12_000;
const MAX_ITEMS = 200;

/**
 * Whether two final answers mean the same. Numbers are compared exactly, formulas by value at random points with error bounds (never by
 * executing text), lists and sets without and tuples, intervals and matrices with their order and brackets, equations and inequalities up to
 * a factor, words in any case. Where conventions differ, `policies` decides. Deterministic, and bounded in its work.
 *
 * "different" says that nothing showed them equal.
 */
export function compareAnswers(answer: string, reference: string, policies: Policies = DEFAULT_POLICIES): Comparison {
  const sides = { reference, response: answer };
  for (const [side, text] of Object.entries(sides) as ['reference' | 'response', string][]) {
    if (text.length > MAX_LENGTH) return { outcome: `unparsed-${side}`, rule: 'too long' };
    if (plainText(text) === '') return { outcome: `unparsed-${side}`, rule: 'empty' };
  }
  const budget = new Budget(MAX_WORK);
  try {
    return new Comparer(policies, budget).compare(answer, reference);
  } catch (error) {
    if (error instanceof OutOfBudget || error instanceof TooLarge) return { outcome: 'timeout', rule: 'too much work' };
    throw error;
  }
}

class Comparer {
  #rule = 'text';
  readonly #policies: Policies;
  readonly #budget: Budget;

  constructor(policies: Policies, budget: Budget) {
    this.#policies = policies;
    this.#budget = budget;
  }

  compare(answer: string, reference: string): Comparison {
    if (sameText(plainText(answer), plainText(reference))) return { outcome: 'equal', rule: 'text' };
    const pairs = this.#readings(answer, reference);
    const rules: string[] = [];
    for (const [left, right] of pairs) {
      if (left === null || right === null) continue;
      if (this.#same(left, right)) return { outcome: 'equal', rule: this.#rule };
      rules.push(this.#rule);
    }
    return { outcome: 'different', rule: rules[0] ?? 'text' };
  }

  /** The ways to read both: "1,234" as a number or as two, and "4,5" as 4.5 where the reference is such a number. */
  #readings(answer: string, reference: string): [Answer | null, Answer | null][] {
    const [a, b] = [unify(answer), unify(reference)];
    const readings: [Answer | null, Answer | null][] = [[read(a, true), read(b, true)]];
    const grouped = (text: string) => /\d,\d{3}(?!\d)|\d \d{3}(?!\d)/.test(text);
    if (grouped(a) || grouped(b)) readings.push([read(a, false), read(b, false)]);
    if (this.#policies.decimalComma) {
      const [left, right] = readings[0]!;
      if (hasDecimalComma(a) && isBroken(right)) readings.push([read(a.replace(',', '.'), true), right]);
      if (hasDecimalComma(b) && !/,\d\D*$/.test(b) && isBroken(left))
        readings.push([left, read(b.replace(',', '.'), true)]);
    }
    return readings;
  }

  /** Of an answer and the reference, or of parts of them. */
  #same(answer: Answer, reference: Answer): boolean {
    this.#budget.spend(20);
    const [a, b] = sameNesting(settle(answer), settle(reference));
    const named = this.#sameNamed(a, b);
    if (named !== null) return named;

    if (a.type === 'choice' || b.type === 'choice') return this.#sameChoice(a, b);
    if (a.type === 'relation' || b.type === 'relation') return this.#sameRelation(a, b);
    if (a.type === 'text' || b.type === 'text') return this.#sameWords(a, b);
    if (a.type === 'matrix' || b.type === 'matrix') return this.#sameMatrix(a, b);
    if (a.type === 'setOperation' || b.type === 'setOperation') return this.#sameSets(a, b);
    if (a.type === 'tuple' || b.type === 'tuple') return this.#sameTuple(a, b);
    if (isCollection(a) || isCollection(b)) return this.#sameCollection(a, b);
    if (a.type === 'ratio' || b.type === 'ratio') return this.#sameRatio(a, b);
    return a.type === 'value' && b.type === 'value' && this.#sameQuantity(a, b);
  }

  /** Of parts, which leave the rule to the whole. */
  #samePart(answer: Answer, reference: Answer): boolean {
    const rule = this.#rule;
    const same = this.#same(answer, reference);
    this.#rule = rule;
    return same;
  }

  /** Takes names off: "x = 5" is 5. null where there are none to take. */
  #sameNamed(a: Answer, b: Answer): boolean | null {
    const [left, right] = [nameAndValue(a), nameAndValue(b)];
    if (left && right) {
      if (left.name === right.name) return this.#same(left.value, right.value);
      return null;
    }
    const [leftAll, rightAll] = [namesAndValues(a), namesAndValues(b)];
    if (left && b.type !== 'relation') return this.#same(left.value, b);
    if (right && a.type !== 'relation') return this.#same(a, right.value);
    if (!leftAll && !rightAll) return null;
    if (leftAll && rightAll) return joinedAlike(a, b, leftAll) && this.#sameAssignments(leftAll, rightAll);
    const [assigned, bare] = leftAll ? [leftAll, b] : [rightAll!, a];
    const items = bare.type === 'list' || bare.type === 'tuple' || bare.type === 'set' ? bare.items : [bare];
    if (items.length !== assigned.length) return false;
    const distinct = new Set(assigned.map(({ name }) => name)).size > 1;
    const values = assigned.map(({ value }) => value);
    this.#rule = distinct ? 'assignments' : 'list';
    const match = (item: Answer, value: Answer) =>
      leftAll ? this.#samePart(value, item) : this.#samePart(item, value);
    if (distinct) return bare.type !== 'set' && items.every((item, index) => match(item, values[index]!));
    return bare.type !== 'tuple' && matchAll(items, values, match);
  }

  #sameAssignments(a: Named[], b: Named[]): boolean {
    this.#rule = 'assignments';
    return matchAll(
      a,
      b,
      (left, right) =>
        (left.name ?? right.name) === (right.name ?? left.name) && this.#samePart(left.value, right.value),
    );
  }

  #sameChoice(a: Answer, b: Answer): boolean {
    this.#rule = 'choice';
    const letter = (it: Answer) =>
      it.type === 'choice' ? it.letter : it.type === 'value' && it.value.type === 'symbol' ? it.value.name : null;
    if (letter(a) !== null && letter(b) !== null) return letter(a) === letter(b);
    return this.#same(a.type === 'choice' ? a.content : a, b.type === 'choice' ? b.content : b);
  }

  #sameRelation(a: Answer, b: Answer): boolean {
    this.#rule = 'relation';
    const asSets = this.#sameRealSets(a, b);
    if (asSets !== null) return asSets;
    if (a.type !== 'relation' || b.type !== 'relation') return false;
    if (a.operators.length !== b.operators.length) return false;
    if (a.operators.length === 1) return this.#sameStatement(a, b);
    const straight = this.#sameChain(a, b.operands, b.operators);
    return straight || this.#sameChain(a, b.operands.toReversed(), b.operators.toReversed().map(flip));
  }

  #sameChain(a: Answer & { type: 'relation' }, operands: Answer[], operators: string[]): boolean {
    return (
      a.operators.every((operator, index) => operator === operators[index]) &&
      a.operands.every((operand, index) => this.#samePart(operand, operands[index]!))
    );
  }

  /** Equations are the same up to a factor, inequalities up to a positive one. */
  #sameStatement(a: Answer & { type: 'relation' }, b: Answer & { type: 'relation' }): boolean {
    const [operator, other] = [a.operators[0]!, b.operators[0]!];
    const [left, right] = [difference(a), difference(b)];
    if (left && right && COMPARABLE.has(operator) && COMPARABLE.has(other)) {
      if (operator === other) return proportional(left, right, DIRECTED.has(operator) ? 1 : null, this.#budget);
      return flip(operator) === other && proportional(left, right, -1, this.#budget);
    }
    return operator === other && a.operands.every((operand, index) => this.#samePart(operand, b.operands[index]!));
  }

  #sameWords(a: Answer, b: Answer): boolean {
    this.#rule = 'text';
    const empty = (it: Answer) =>
      (it.type === 'set' && it.items.length === 0) || (it.type === 'text' && saysNothing(it.text));
    if (empty(a) && empty(b)) return true;
    if (a.type === 'text' && b.type === 'text' && sameText(a.text, b.text)) return true;
    const asSets = this.#sameRealSets(a, b);
    if (asSets !== null) return asSets;
    const [first, second] = [numeralOf(a), numeralOf(b)];
    return (
      (first !== a || second !== b) &&
      first.type === 'value' &&
      second.type === 'value' &&
      this.#sameQuantity(first, second)
    );
  }

  #sameMatrix(a: Answer, b: Answer): boolean {
    this.#rule = 'matrix';
    const [left, right] = [rowsOf(a), rowsOf(b)];
    if (!left || !right) return false;
    const kind = (it: Answer) => (it.type === 'matrix' && /^[vV]matrix$|^cases$/.test(it.fence) ? it.fence : 'matrix');
    if (kind(a) !== kind(b)) return false;
    // A vector may be written as a point; a matrix keeps its shape.
    const asPoint = a.type !== 'matrix' || b.type !== 'matrix';
    if (asPoint && isVector(left) && isVector(right)) return this.#sameRow(left.flat(), right.flat());
    return sameLength(left, right) && left.every((row, index) => this.#sameRow(row, right[index]!));
  }

  #sameRow(a: Answer[], b: Answer[]): boolean {
    return sameLength(a, b) && a.every((cell, index) => this.#samePart(cell, b[index]!));
  }

  /** As sets of real numbers; null where they can't be read as such. */
  #sameRealSets(a: Answer, b: Answer): boolean | null {
    if (isInequality(a) && !isInequality(b) && !this.#policies.inequalityForSet) return false;
    const [left, right] = [realSet(a, this.#budget), realSet(b, this.#budget)];
    return left && right && sameRealSet(left, right, this.#budget);
  }

  #sameSets(a: Answer, b: Answer): boolean {
    this.#rule = 'set';
    const asSets = this.#sameRealSets(a, b);
    if (asSets !== null) return asSets;
    if (a.type !== 'setOperation' || b.type !== 'setOperation' || a.operator !== b.operator) return false;
    return this.#samePart(a.left, b.left) && this.#samePart(a.right, b.right);
  }

  #sameTuple(a: Answer, b: Answer): boolean {
    this.#rule = 'tuple';
    if (a.type === 'tuple' && b.type === 'tuple') {
      // Two numbers in brackets may be an interval, of which the brackets are part.
      const brackets = a.items.length !== 2 || (a.open === b.open && a.close === b.close);
      return brackets && this.#sameRow(a.items, b.items);
    }
    if (b.type === 'tuple' && a.type === 'list' && b.open === '(' && b.close === ')')
      return this.#sameRow(a.items, b.items);
    return this.#sameRealSets(a, b) ?? false;
  }

  #sameCollection(a: Answer, b: Answer): boolean {
    this.#rule = a.type === 'set' || b.type === 'set' ? 'set' : 'list';
    const [left, right] = [itemsOf(a), itemsOf(b)];
    if (left.length > MAX_ITEMS || right.length > MAX_ITEMS) throw new OutOfBudget();
    const same = (item: Answer, other: Answer) => this.#samePart(item, other);
    if (matchAll(left, right, same)) return true;
    // A set holds nothing twice, and a solution that is stated twice is one.
    const once = a.type === 'set' || b.type === 'set' || left.every((item) => item.type === 'tuple');
    return once && covers(left, right, same) && covers(right, left, (item, other) => same(other, item));
  }

  #sameRatio(a: Answer, b: Answer): boolean {
    this.#rule = 'ratio';
    const parts = (it: Answer) => (it.type === 'ratio' ? it.parts : it.type === 'value' ? [it.value] : []);
    const unit = (it: Answer) => (it.type === 'ratio' || it.type === 'value' ? it.unit : null);
    const [left, right] = [parts(a), parts(b)];
    if (unit(a) !== null && unit(b) !== null && unit(a) !== unit(b)) return false;
    if (left.length === 2 && right.length === 1 && unit(a) === null)
      return this.#identical(binary('/', left[0]!, left[1]!), right[0]!);
    if (right.length === 2 && left.length === 1 && unit(b) === null)
      return this.#identical(left[0]!, binary('/', right[0]!, right[1]!));
    return sameLength(left, right) && left.every((part, index) => this.#identical(part, right[index]!));
  }

  #sameQuantity(answer: Quantity, reference: Quantity): boolean {
    const [a, b] = [withUnit(answer, reference), withUnit(reference, answer)];
    if (a.unit === b.unit) return this.#identical(a.value, b.value);
    const percent = a.unit === '%' || b.unit === '%';
    if (percent && (a.unit === null || b.unit === null)) {
      const [share, bare] = a.unit === '%' ? [a.value, b.value] : [b.value, a.value];
      return (
        this.#identical(binary('/', share, HUNDRED), bare) ||
        (this.#policies.percent === 'lenient' && this.#identical(share, bare))
      );
    }
    if (a.unit === null || b.unit === null) {
      if (this.#policies.units === 'strict') return false;
      const [angle, bare] = a.unit === 'degree' ? [a.value, b.value] : [b.value, a.value];
      const radians =
        (a.unit === 'degree' || b.unit === 'degree') && some(bare, (it) => it.type === 'symbol' && it.name === 'pi');
      return this.#identical(radians ? binary('*', angle, ONE_DEGREE) : angle, bare);
    }
    const factor = ratioOfUnits(a.unit, b.unit);
    return factor !== null && this.#identical(binary('*', a.value, numberOf(factor)), b.value);
  }

  #identical(a: Expression, b: Expression): boolean {
    this.#rule = isNumeral(a) && isNumeral(b) ? 'number' : 'symbolic';
    return sameExpression(a, b, this.#budget) || this.#isRounded(a, b) || this.#isRounded(b, a);
  }

  /** Whether `a` is a decimal that stands for the endless number `b`. */
  #isRounded(a: Expression, b: Expression): boolean {
    const from = this.#policies.roundedDigits;
    const decimal = a.type === 'negate' ? a.of : a;
    if (from === null || decimal.type !== 'number' || decimal.decimals === 0) return false;
    const significant = String(
      decimal.value.numerator < 0n ? -decimal.value.numerator : decimal.value.numerator,
    ).length;
    if (significant < from || isTerminating(b)) return false;
    const [written, exact] = [constantValue(a, this.#budget), constantValue(b, this.#budget)];
    if (!written || !exact || exact.value.im) return false;
    return written.value.re.minus(exact.value.re).abs().lt(`1e-${decimal.decimals}`);
  }
}

type Quantity = Answer & { type: 'value' };

interface Named {
  name: string | null;
  value: Answer;
}

const isNumeral = (it: Expression): boolean => it.type === 'number' || (it.type === 'negate' && isNumeral(it.of));

/** "5 m" is five metres, and no product, beside another quantity with a unit; "5m" also beside a mere number. */
function withUnit(quantity: Quantity, other: Quantity): Quantity {
  const { value, unit } = quantity;
  const written = unit === null && value.type === 'binary' && value.operator === '*' ? unitLetter(value.right) : null;
  if (written === null || value.type !== 'binary' || variables(value.left).size > 0) return quantity;
  const isNumber = other.unit === null && variables(other.value).size === 0;
  return other.unit !== null || (isNumber && written.startsWith('m'))
    ? { ...quantity, value: value.left, unit: written }
    : quantity;
}

/** `m`, `s^2` and the like. */
function unitLetter(expression: Expression): string | null {
  if (expression.type === 'symbol') return /^[msghlL]$/.test(expression.name) ? expression.name.toLowerCase() : null;
  if (expression.type !== 'binary' || expression.operator !== '^' || expression.right.type !== 'number') return null;
  const base = unitLetter(expression.left);
  return base && `${base}^${expression.right.value.numerator}`;
}

const numberOf = (value: Rational): Expression => ({ type: 'number', value, decimals: 0 });
const HUNDRED = numberOf(rational(100n));
const ONE_DEGREE: Expression = binary('/', { type: 'symbol', name: 'pi' }, numberOf(rational(180n)));

/** Relations between formulas that can be brought to one side. */
const COMPARABLE = new Set(['=', '<', '<=', '>', '>=', '!=']);
const DIRECTED = new Set(['<', '<=', '>', '>=']);

const isInequality = (it: Answer): boolean =>
  it.type === 'list'
    ? it.items.some(isInequality)
    : it.type === 'relation' && it.operators.some((operator) => DIRECTED.has(operator) || operator === '!=');

const flip = (operator: string) => FLIPPED.get(operator) ?? operator;

function read(text: string, groups: boolean): Answer | null {
  const named = numberNamed(text);
  if (named !== null) return { type: 'value', value: numberOf(rational(named)), unit: null };
  try {
    return parseAnswer(text, { groups });
  } catch (error) {
    if (error instanceof Unreadable) return null;
    throw error;
  }
}

/** "p = 1, q = 2; p = 3, q = 4" is nested only by its semicolons: where the other side is flat, both are. */
function sameNesting(a: Answer, b: Answer): [Answer, Answer] {
  const [left, right] = [flat(a), flat(b)];
  const alike = left.type === 'list' && right.type === 'list' && left.items.length === right.items.length;
  return alike ? [left, right] : [a, b];
}

function flat(answer: Answer): Answer {
  if (answer.type !== 'list') return answer;
  return { ...answer, items: answer.items.flatMap((item) => (item.type === 'list' ? item.items : [item])) };
}

/** Removes what states nothing: approximations behind the value, the way to it, the range of a parameter, brackets around one thing. */
function settle(answer: Answer): Answer {
  if (answer.type === 'relation') {
    const approximate = answer.operators.indexOf('~');
    if (approximate === 0) return settle(answer.operands[nameOf(answer.operands[0]!) === null ? 0 : 1]!);
    const exact =
      approximate < 0
        ? answer
        : {
            ...answer,
            operands: answer.operands.slice(0, approximate + 1),
            operators: answer.operators.slice(0, approximate),
          };
    return lastOfChain(exact);
  }
  if (answer.type === 'list') {
    const items = answer.items.filter((item) => !isRangeOfParameter(item));
    return items.length === 1 ? settle(items[0]!) : items.length === 0 ? answer : { ...answer, items };
  }
  if (answer.type === 'tuple' && answer.items.length === 1 && answer.open === '(') return settle(answer.items[0]!);
  return answer;
}

/** "3 * 6 = 18" states 18, and "x = 2 * 3 = 6" that x = 6. */
function lastOfChain(relation: Answer & { type: 'relation' }): Answer {
  const { operands, operators } = relation;
  if (operators.some((operator) => operator !== '=')) return relation;
  const last = operands.at(-1)!;
  const [first, ...rest] = operands;
  if (nameOf(first!) !== null)
    return rest.length > 1 ? { ...relation, operands: [first!, last], operators: ['='] } : relation;
  const isNumber = (it: Answer) =>
    it.type === 'value' && !some(it.value, (part) => part.type === 'symbol' || part.type === 'bound');
  return operands.every(isNumber) ? last : relation;
}

/** `k \in \mathbb{Z}`: what a parameter is where nothing else is said. */
function isRangeOfParameter(answer: Answer): boolean {
  if (answer.type !== 'relation' || answer.operators[0] !== 'in') return false;
  const range = answer.operands[1]!;
  return range.type === 'text' && range.text === 'set Z';
}

function nameAndValue(answer: Answer): { name: string; value: Answer } | null {
  if (answer.type !== 'relation' || answer.operators.length !== 1) return null;
  const [left, right] = answer.operands as [Answer, Answer];
  if (answer.operators[0] === '=') {
    const name = nameOf(left);
    if (name !== null) return { name, value: right };
    const reversed = nameOf(right);
    return reversed === null ? null : { name: reversed, value: left };
  }
  const name = nameOf(left);
  return answer.operators[0] === 'in' && name !== null ? { name, value: right } : null;
}

/** A list of which an item is named: "x = 1, y = 2", "x = 1 or x = 2", "n = 1, 2, 3". */
function namesAndValues(answer: Answer): Named[] | null {
  if (answer.type !== 'list') return null;
  const named = answer.items.map((item) => nameAndValue(settle(item)) ?? { name: null, value: item });
  if (named.every(({ name }) => name === null)) return null;
  if (named.some(({ name, value }) => name === null && value.type === 'relation')) return null;
  const names = new Set(named.map(({ name }) => name).filter((name) => name !== null));
  // One name for all is no name; values behind a name belong to it.
  return names.size === 1 ? named.map(({ value }) => ({ name: [...names][0]!, value })) : named;
}

/** "x = 1 or x = 2" is "x = 1, x = 2", but "x = 1 or y = 2" is not "x = 1, y = 2". */
function joinedAlike(a: Answer, b: Answer, named: Named[]): boolean {
  const oneName = new Set(named.map(({ name }) => name)).size === 1;
  return oneName || (a.type === 'list' && b.type === 'list' && a.joined === b.joined);
}

/** left - right of a relation between two formulas. */
function difference({ operands }: Answer & { type: 'relation' }): Expression | null {
  const [left, right] = operands as [Answer, Answer];
  return left.type === 'value' && right.type === 'value' ? binary('-', left.value, right.value) : null;
}

function numeralOf(answer: Answer): Answer {
  const named = answer.type === 'text' ? numberNamed(answer.text) : null;
  return named === null ? answer : { type: 'value', value: numberOf(rational(named)), unit: null };
}

function rowsOf(answer: Answer): Answer[][] | null {
  if (answer.type === 'matrix') return answer.rows;
  if (answer.type !== 'tuple') return null;
  const rows = answer.items.map((item) => (item.type === 'tuple' ? item.items : null));
  return rows.every((row) => row !== null) ? rows : [answer.items];
}

const isVector = (rows: Answer[][]) => rows.length === 1 || rows.every((row) => row.length === 1);

const isCollection = (answer: Answer) => answer.type === 'list' || answer.type === 'set';

function itemsOf(answer: Answer): Answer[] {
  return answer.type === 'list' || answer.type === 'set' ? answer.items : [answer];
}

const sameLength = (a: unknown[], b: unknown[]) => a.length === b.length;

/** Whether each of the one goes with one of the other, and none is left. */
function matchAll<T, U>(items: T[], others: U[], same: (item: T, other: U) => boolean): boolean {
  if (items.length !== others.length) return false;
  const left = [...others];
  return items.every((item) => {
    const match = left.findIndex((other) => same(item, other));
    if (match >= 0) left.splice(match, 1);
    return match >= 0;
  });
}

const covers = <T, U>(items: T[], others: U[], same: (item: T, other: U) => boolean) =>
  items.every((item) => others.some((other) => same(item, other)));

const hasDecimalComma = (text: string) => /^[^,\d]*(?:0,\d+|\d+,(?!\d{3}(?!\d))\d+)[^,\d]*$/.test(text);

/** Whether it is one number that is no integer. */
function isBroken(answer: Answer | null): boolean {
  if (answer?.type !== 'value') return false;
  const value = exactOf(answer.value);
  return value !== null && value.numerator % value.denominator !== 0n;
}

/** Whether it is a number that a decimal can write to its end. */
function isTerminating(expression: Expression): boolean {
  const value = exactOf(expression);
  if (value === null) return false;
  let { numerator, denominator } = value;
  let divisor = denominator;
  for (let rest = numerator < 0n ? -numerator : numerator; rest !== 0n; ) [divisor, rest] = [rest, divisor % rest];
  denominator /= divisor;
  for (const prime of [2n, 5n]) while (denominator % prime === 0n) denominator /= prime;
  return denominator === 1n;
}

function exactOf(expression: Expression): Rational | null {
  try {
    return exactValue(expression);
  } catch (error) {
    if (error instanceof TooLarge) return null;
    throw error;
  }
}
