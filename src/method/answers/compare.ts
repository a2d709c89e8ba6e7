import { joinedAlike, type Named, nameAndValue, namesAndValues } from './assignments.ts';
import { unboxed } from './boxes.ts';
import { Budget, OutOfBudget } from './budget.ts';
import { type Answer, binary, type Expression, numeral, some } from './expression.ts';
import { withoutStop } from './extract-turn.ts';
import { proportional, sameExpression } from './identity.ts';
import { unify } from './notation.ts';
import { DEFAULT_POLICIES, type Policies } from './policies.ts';
import { isRounded, type Quantity, quantityNamed, withUnit } from './quantity.ts';
import { rational, TooLarge } from './rational.ts';
import { readings } from './readings.ts';
import { DIRECTED, FLIPPED, isInequality, realSet, sameRealSet } from './real-set.ts';
import { sameNesting, sameParameter, settle } from './settle.ts';
import { ratioOfUnits } from './units.ts';
import { plainText, sameText, saysNothing } from './words.ts';

/** Changes with every change of what is called equal; recorded with results, so that numbers of different graders are not mixed. */
export const GRADER_VERSION = '3';

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
  if (reference.length > MAX_LENGTH) return { outcome: 'unparsed-reference', rule: 'too long' };
  const gold = spell(reference);
  if (gold.plain === '') return { outcome: 'unparsed-reference', rule: 'empty' };
  if (answer.length > MAX_LENGTH) return { outcome: 'unparsed-response', rule: 'too long' };
  const given = spell(answer);
  if (given.plain === '') return { outcome: 'unparsed-response', rule: 'empty' };
  const budget = new Budget(MAX_WORK);
  try {
    return new Comparer(policies, budget).compare(given, gold);
  } catch (error) {
    if (error instanceof OutOfBudget || error instanceof TooLarge) return { outcome: 'timeout', rule: 'too much work' };
    throw error;
  }
}

/** One text in the spellings that comparing needs, each made once. */
interface Spelling {
  unified: string;
  plain: string;
}

function spell(text: string): Spelling {
  const unified = unify(unboxed(withoutStop(text)));
  return { unified, plain: plainText(unified) };
}

class Comparer {
  #rule = 'text';
  readonly #policies: Policies;
  readonly #budget: Budget;

  constructor(policies: Policies, budget: Budget) {
    this.#policies = policies;
    this.#budget = budget;
  }

  compare(answer: Spelling, reference: Spelling): Comparison {
    if (sameText(answer.plain, reference.plain)) return { outcome: 'equal', rule: 'text' };
    const rules: string[] = [];
    for (const [left, right] of readings(answer.unified, reference.unified, this.#policies)) {
      if (this.#same(left, right)) return { outcome: 'equal', rule: this.#rule };
      rules.push(this.#rule);
    }
    return { outcome: 'different', rule: rules[0] ?? 'text' };
  }

  /** Of an answer and the reference, or of parts of them. */
  #same(answer: Answer, reference: Answer): boolean {
    this.#budget.spend(20);
    const [first, second] = sameParameter(answer, reference);
    const [a, b] = sameNesting(settle(first), settle(second));
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
    if (left && right && left.name === right.name) return this.#same(left.value, right.value);
    const [leftAll, rightAll] = [namesAndValues(a), namesAndValues(b)];
    if (leftAll && rightAll) return joinedAlike(a, b, leftAll) && this.#sameAssignments(leftAll, rightAll);
    if (left && right) return null;
    if (left && b.type !== 'relation') return this.#same(left.value, b);
    if (right && a.type !== 'relation') return this.#same(a, right.value);
    if (!leftAll && !rightAll) return null;
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
    const [left, right] = [a, b].map((it) => (it.type === 'choice' ? it.content : it)) as [Answer, Answer];
    if (letter(a) === null || letter(b) === null) return this.#same(left, right);
    // The words for one choice vary; with another value a letter is of another question.
    const isTold = a.type === 'choice' && b.type === 'choice' && left.type !== 'text' && right.type !== 'text';
    return letter(a) === letter(b) && (!isTold || this.#samePart(left, right));
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
    if (holdsInequality(a) && !holdsInequality(b) && !this.#policies.inequalityForSet) return false;
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
    if (joinedOtherwise(a, b)) return this.#sameRealSets(a, b) ?? false;
    const [left, right] = [itemsOf(a), itemsOf(b)];
    if (left.length > MAX_ITEMS || right.length > MAX_ITEMS) throw new OutOfBudget();
    const same = (item: Answer, other: Answer) => this.#samePart(item, other);
    if (matchAll(left, right, same)) return true;
    // "1/2 or 0.5" is one value.
    if (a.type === 'list' && a.joined === 'or' && right.length === 1) return covers(left, right, same);
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
    return factor !== null && this.#identical(binary('*', a.value, numeral(factor)), b.value);
  }

  #identical(a: Expression, b: Expression): boolean {
    this.#rule = isNumeral(a) && isNumeral(b) ? 'number' : 'symbolic';
    if (sameExpression(a, b, this.#budget)) return true;
    const digits = this.#policies.roundedDigits;
    return digits !== null && (isRounded(a, b, digits, this.#budget) || isRounded(b, a, digits, this.#budget));
  }
}

const HUNDRED = numeral(rational(100n));
const ONE_DEGREE: Expression = binary('/', { type: 'symbol', name: 'pi' }, numeral(rational(180n)));

/** Relations between formulas that can be brought to one side. */
const COMPARABLE = new Set(['=', '<', '<=', '>', '>=', '!=']);

const holdsInequality = (it: Answer): boolean =>
  it.type === 'list' ? it.items.some(holdsInequality) : isInequality(it);

/** "x < 1 and x > 3" and "x < 1 or x > 3". */
const joinedOtherwise = (a: Answer, b: Answer): boolean =>
  a.type === 'list' &&
  b.type === 'list' &&
  [a.joined, b.joined].sort().join() === 'and,or' &&
  holdsInequality(a) &&
  holdsInequality(b);

const flip = (operator: string) => FLIPPED.get(operator) ?? operator;

/** left - right of a relation between two formulas. */
function difference({ operands }: Answer & { type: 'relation' }): Expression | null {
  const [left, right] = operands as [Answer, Answer];
  return left.type === 'value' && right.type === 'value' ? binary('-', left.value, right.value) : null;
}

const numeralOf = (answer: Answer): Answer =>
  answer.type === 'text' ? (quantityNamed(answer.text) ?? answer) : answer;

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

const isNumeral = (it: Expression): boolean => it.type === 'number' || (it.type === 'negate' && isNumeral(it.of));

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
