import { type AnswerList, splitList } from './lists.ts';
import { normalise, tidy } from './normalise.ts';
import { parseNumber } from './number.ts';
import { equal, multiply, type Rational, rational } from './rational.ts';
import { splitUnit } from './units.ts';

export interface Comparison {
  outcome: 'equal' | 'different' | 'unparsed';
  /** What decided: `text`, `number`, `list`, `set`, `tuple`; for `unparsed`, which side could not be read and why. */
  rule: string;
}

const MAX_LENGTH = 1000;
const MAX_NESTING = 4;

/**
 * Whether two final answers mean the same, as far as exact numbers, lists of them and normalised LaTeX can tell: "different" says that
 * nothing showed them equal. Nothing is evaluated but bounded arithmetic on exact numbers.
 *
 * Policies: a percent sign or a unit on one side only is ignored (50% is 50, and 0.5); units on both sides must agree; lists and sets
 * are unordered, tuples and intervals are not; words may differ in case; "x = 5" is 5; nothing is rounded.
 */
export function compareAnswers(answer: string, reference: string): Comparison {
  for (const [side, text] of Object.entries({ reference, answer })) {
    if (text.length > MAX_LENGTH) return { outcome: 'unparsed', rule: `${side}-too-long` };
    if (normalise(tidy(text)) === '') return { outcome: 'unparsed', rule: `${side}-empty` };
  }
  return compare(tidy(answer), tidy(reference), 0);
}

/** Of two tidied answers. */
function compare(answer: string, reference: string, nesting: number): Comparison {
  const [left, right] = withoutNames(answer, reference);
  if (sameText(normalise(left), normalise(right))) return { outcome: 'equal', rule: 'text' };

  const [a, b] = [readQuantity(left), readQuantity(right)];
  if (a && b) return decide(sameQuantity(a, b), 'number');

  const [listed, gold] = nesting < MAX_NESTING ? [splitList(left), splitList(right)] : [null, null];
  if (listed || gold)
    return decide(listed !== null && gold !== null && sameList(listed, gold, nesting), (gold ?? listed)!.kind);

  const [bare, goldBare] = [splitUnit(left), splitUnit(right)];
  const oneUnit = (bare.marked && goldBare.unit === null) || (goldBare.marked && bare.unit === null);
  return decide(oneUnit && sameText(normalise(bare.body), normalise(goldBare.body)), 'text');
}

const decide = (same: boolean, rule: string): Comparison => ({ outcome: same ? 'equal' : 'different', rule });

const WORD = /^[A-Za-z]{3,}(?: [A-Za-z]+)*$/;

function sameText(a: string, b: string): boolean {
  return a === b || (WORD.test(a) && WORD.test(b) && a.toLowerCase() === b.toLowerCase());
}

const NAMED =
  /^\s*(\|?[A-Za-z]{1,2}\|?(?:_\{?\w\}?)?|[A-Za-z]\([a-z](?:,\s*[a-z])*\)|\([a-z](?:,\s*[a-z])+\))\s*(?:=|\\in(?![A-Za-z]))([^=]+)$/s;

/** Answers without "x =" where only one has it or both have the same. */
function withoutNames(answer: string, reference: string): [string, string] {
  const [named, gold] = [NAMED.exec(answer), NAMED.exec(reference)];
  if (named && gold && named[1] !== gold[1]) return [answer, reference];
  return [named ? named[2]!.trim() : answer, gold ? gold[2]!.trim() : reference];
}

interface Quantity {
  value: Rational;
  unit: string | null;
  percent: boolean;
}

const SCALES: Record<string, bigint> = { hundred: 100n, thousand: 1000n, million: 1_000_000n, billion: 1_000_000_000n };

/** The answer as a number; null where it is none. A comma with a space after it, or in brackets, separates and groups no thousands. */
function readQuantity(answer: string): Quantity | null {
  const { body, unit } = splitUnit(answer);
  if (/,\s|[([].*,/s.test(body)) return null;
  const text = normalise(body);
  const percent = text.endsWith('%');
  const value = parseNumber(percent ? text.slice(0, -1) : text);
  if (!value) return null;

  const scale = SCALES[unit?.split(' ')[0] ?? ''];
  if (!scale) return { value, unit, percent };
  return { value: multiply(value, rational(scale)), unit: unit!.split(' ').slice(1).join(' ') || null, percent };
}

function sameQuantity(a: Quantity, b: Quantity): boolean {
  if (a.unit !== null && b.unit !== null && a.unit !== b.unit) return false;
  if (equal(a.value, b.value)) return true;
  if (a.percent === b.percent) return false;
  const hundredth = (it: Quantity) => (it.percent ? multiply(it.value, rational(1n, 100n)) : it.value);
  return equal(hundredth(a), hundredth(b));
}

function sameList(a: AnswerList, b: AnswerList, nesting: number): boolean {
  if ((a.kind === 'tuple') !== (b.kind === 'tuple') || a.brackets !== b.brackets) return false;
  if (a.items.length !== b.items.length) return false;
  const same = (item: string, other: string) => compare(item, other, nesting + 1).outcome === 'equal';
  if (a.kind === 'tuple') return a.items.every((item, index) => same(item, b.items[index]!));

  const left = [...b.items];
  return a.items.every((item) => {
    const match = left.findIndex((other) => same(item, other));
    if (match >= 0) left.splice(match, 1);
    return match >= 0;
  });
}
