import { GROUPED, withoutTail } from './notation.ts';

const FONT =
  /\\(?:text|textbf|textit|textrm|textnormal|textsf|texttt|mathrm|mathbf|mathit|mathsf|mbox|hbox|operatorname|emph|boldsymbol|bm)\s*\{([^{}]*)\}/g;

/**
 * A unified answer as plain text, for what is no mathematics: without fonts, and without spaces but those between two words or numbers. "1 2" never
 * becomes 12.
 */
export function plainText(unified: string): string {
  let text = unified;
  for (let round = 0; round < 4; round++) {
    const next = text.replace(FONT, ' $1 ');
    if (next === text) break;
    text = next;
  }
  const spaced = text
    .replaceAll(GROUPED, ',')
    .replace(/\s+/g, ' ')
    .replace(/(?<=[^0-9A-Za-z]) | (?=[^0-9A-Za-z])/g, '')
    .trim();
  return withoutTail(spaced, '.,;:?" ');
}

/** Whether two texts say the same: words in any case, formulas as written. */
export function sameText(a: string, b: string): boolean {
  if (a === b) return true;
  return isWords(a) && isWords(b) && simplify(a) === simplify(b);
}

/** "ab" may be a product, in which case matters. */
const isWords = (text: string) => /\p{L}{3}|^no$/iu.test(text) && !/[\\^_{}+*/=<>()|]/.test(text);

/** Without case, articles and punctuation. */
function simplify(text: string): string {
  const plain = text
    .toLowerCase()
    .replace(/\b(?:the|a|an)\b/g, ' ')
    .replace(/(\d)(?:st|nd|rd|th)\b/g, '$1')
    .replace(/[^\p{L}\p{N}.+*/=<>()-]+/gu, ' ')
    .trim();
  return SYNONYMS.get(plain) ?? plain;
}

const SYNONYMS = new Map([
  ['no solutions', 'none'],
  ['no solution', 'none'],
  ['no real solution', 'none'],
  ['no real solutions', 'none'],
  ['there are no solutions', 'none'],
  ['none exist', 'none'],
  ['does not exist', 'dne'],
]);

/** Whether the words say that nothing is a solution. */
export const saysNothing = (text: string): boolean => simplify(text) === 'none' || simplify(text) === 'empty set';

const NUMERALS: Record<string, bigint> = {};
'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty'
  .split(' ')
  .forEach((word, value) => {
    NUMERALS[word] = BigInt(value);
  });
'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ').forEach((word, index) => {
  NUMERALS[word] = BigInt(20 + 10 * index);
});

/** The number that words name, zero to a hundred: "seven", "twenty-one". null where they name none. */
export function numberNamed(text: string): bigint | null {
  const words = text.toLowerCase().split(/[\s-]+/);
  const values = words.map((word) => (Object.hasOwn(NUMERALS, word) ? NUMERALS[word]! : null));
  if (values.length === 1) return values[0] ?? null;
  const [tens, ones] = values;
  const isCompound = values.length === 2 && tens != null && ones != null && tens >= 20n && ones > 0n && ones < 10n;
  return isCompound ? tens + ones : null;
}
