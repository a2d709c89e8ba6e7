import { emphasisedValue, onlyNumber, resultValue, subjectValue, wholeValue } from './statement-clause.ts';
import { rightSide } from './statement-equation.ts';
import { maskFormulas, unmask } from './statement-formulas.ts';

export interface Stated {
  /** As written, without what explains it. */
  answer: string;
  /** A value that stands where an answer does, the only number among words, or words. */
  kind: 'value' | 'number' | 'words';
}

const MAX_STATEMENT = 1000;
const MAX_WORDS = 10;

const OPENING = /^(?:[\s:：=>`~"“”'|]|[*_]+(?![A-Za-z]?\d*\()|#+(?=\s)|[-–•]\s(?=\s*[A-Za-z])|(?<=\n\s*)[-–•]\s)+/u;
const ABBREVIATED = String.raw`(?<!\b(?:[ap]\.m|approx|vs|e\.g|i\.e|No|Mr|Mrs|Dr|St|Rs)\.)`;
const SENTENCE_END = new RegExp(String.raw`\n|\\[)\]]|[.!?。](?!\s+[-=+*/×<>≤≥])(?=$|[\s*_"'”)\]\x60<])${ABBREVIATED}`);

/** The answer at the beginning of what follows "The answer is" or "Final Answer:"; null where nothing is stated there. */
export function readStatement(following: string): Stated | null {
  const { text, formulas } = maskFormulas(following.slice(0, MAX_STATEMENT).replace(EMPTY_BOX, ' '));
  const opening = OPENING.exec(text)?.[0] ?? '';
  const [sentence] = splitSentence(text.slice(opening.length));
  const said = affirmed(sentence);
  if (said === null || FIRST_STEP.test(said)) return null;
  if (opening.includes('\n') && ENUMERATION.test(text.slice(opening.length))) return null;

  const value =
    YES_OR_NO.exec(said)?.[0] ?? wholeValue(said) ?? emphasisedValue(sentence) ?? resultValue(withoutReason(said));
  if (value !== null) return stated(value, 'value', formulas);
  const only = onlyNumber(withoutReason(said));
  if (only !== null) return stated(only, 'number', formulas);
  const words = withoutReason(said).replace(REMARK, '');
  return words.split(/\s+/).length <= MAX_WORDS && !VERB.test(words) ? stated(words, 'words', formulas) : null;
}

/**
 * What a text's last sentence comes to, its formulas masked. One that merely `states` must do so by an equation ("8 pens cost 8 * 2 = 16
 * dollars") or in bold type; one `alone` on its line may be the value itself; one that `concludes` may say it in any of the ways of prose.
 */
export function readConcluding(
  sentence: string,
  how: 'states' | 'alone' | 'concludes',
  formulas: string[],
): Stated | null {
  const all = affirmed(sentence);
  if (all === null || /\bbecause\b.*=|^(?!.*=).*(?:\b(?:not|never)\b|n['’]t\b)/is.test(all)) return null;
  const said = all.replace(/,?\s*\bbecause\b.*$/is, '');
  const concludes = how === 'concludes' || said.includes('=');
  const value =
    (how === 'states' ? null : subjectValue(said)) ??
    emphasisedValue(sentence) ??
    (concludes ? resultValue(said) : null);
  if (value !== null) return stated(value, 'value', formulas);
  const only = onlyNumber(said);
  return only !== null && (concludes || unmask(only, formulas).includes('=')) ? stated(only, 'number', formulas) : null;
}

/** The first sentence, at most a line long, with its full stop, and the rest. */
export function splitSentence(text: string): [sentence: string, rest: string] {
  const end = SENTENCE_END.exec(text);
  const until = end ? end.index + end[0].length : text.length;
  return [text.slice(0, until).trim(), text.slice(until)];
}

const YES_OR_NO = /^(?:yes|no|true|false)(?=$|\s*[,;:—–(]|\s+(?:because|since|as)\b)/i;
/** Boxes are read as boxes, or were cut off. */
const BOX = /\\(?:boxed|fbox)/;
/** Repeats where the answer was to be put. */
const EMPTY_BOX = (() => {
  const box = String.raw`\\(?:boxed|fbox)[ \t]*\{[\s.…]*\}`;
  return new RegExp(String.raw`\$\s*${box}\s*\$|\\\(\s*${box}\s*\\\)|${box}`, 'g');
})();
const NO_ANSWER =
  /^(?:[\d.,]+ times (?:the|as|more|that|what|his|her|their)|100\s?%\s+(?:correct|sure|certain)|(?:in)?correct|wrong|right(?! (?:triangle|angle))|as (?:follows|required|expected)|below|above|shown|found|obtained|calculated|determined|computed|given|clear|simple|reasonable|consistent|verified|confirmed|valid|unique|within|in (?:the |its )?(?:form|terms|simplest|box)|of the form|expressed|rounded|supposed|expected|already|to be|what|how|why|your|required|the same)\b|^an? (?:\w+ ){0,2}(?:multiple|integer|number|fraction|value|function|factor|divisor|expression|percentage|constant)\b|^\[?(?:your |the |final )*answer\b/i;
const FILLER =
  /^(?:(?:thus|therefore|hence|then|so|for sure|for certain|certainly|definitely|surely|simply|just|exactly|precisely|approximately|approx\.?|about|roughly|around|nearly|indeed|clearly|obviously|actually|now|also|in fact|equal to|given by|found to be|that|only|option|choice|letter|between|Rs\.?|USD|EUR|GBP|=>|[:=≈⇒→∴]|\\(?:approx|implies|Rightarrow))(?![A-Za-z])\s*,?\s*)+/i;
const VERB = /\b(?:is|are|was|were|has|have|will|we|I|let|let's|need|should|must|can|you)\b/i;
const REASON =
  /\s*,?\s*(?:\b(?:because|since|as|so|given that|due to|but|although|though|assuming|respectively)\b|\((?:since|because|as|i\.e|that)\b|[–—]\s|;|, not\b).*$/is;
const REMARK = /,?\s*\b(?:which|where)\b.*$/is;
const ENUMERATION = /^\d+[.)]\s+\S/;
/** The first of several steps, and no result: "We first compute 2." */
const FIRST_STEP = /^(?:to\b[^,]*,\s+)?(?:first,|(?:we|you|I|let us|let's)\s+(?:first|begin|start)\b)/i;

/** What a sentence affirms, without markup, filling words and full stop: of "not 17 but 18" it is 18. null where that can't be an answer. */
function affirmed(sentence: string): string | null {
  const said = withoutMarkup(sentence)
    .replace(FILLER, '')
    .replace(/!+$|(?:[\s.:,;。]|\\[)\]])+$/, '');
  if (/\?$/.test(said) || BOX.test(said) || NO_ANSWER.test(said) || !/[\p{L}\p{N}∞∅\ue000-\uf8ff]/u.test(said))
    return null;
  if (!/^(?:not|neither)\b/i.test(said)) return said;
  return /\b(?:but|it is|it's|rather)\s+(?:rather\s+|instead\s+)?(\S.*)$/is.exec(said)?.[1] ?? null;
}

function withoutMarkup(text: string): string {
  return text
    .replace(/\*\*(?![\w(\\])|(?<![\w)])\*\*|\*\*(?=[\w\\$(-][^*]*\*\*)/g, '')
    .replace(/(?<![\w)}*\\])[*_`]+(?=\S)|(?<=\S)[*_`]+(?![\w({*\\]|[-.$]*\d)/g, '')
    .trim();
}

function withoutReason(said: string): string {
  return said.replace(REASON, '');
}

function stated(answer: string, kind: Stated['kind'], formulas: string[]): Stated | null {
  const tidy = withoutStray(answer.replace(/^["'“”\s]+|["'“”\s.,;:]+$|(?<=[\d\s])\$$/g, ''));
  return tidy === '' ? null : { answer: rightSide(unmask(tidy, formulas)), kind };
}

/** Without a last bracket that closes nothing. */
function withoutStray(answer: string): string {
  const brackets = (kind: RegExp) => answer.match(kind)?.length ?? 0;
  return /[)\]}]$/.test(answer) && brackets(/[)\]}]/g) > brackets(/[([{]/g) ? answer.slice(0, -1) : answer;
}
