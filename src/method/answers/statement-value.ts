import { HOLDS_FORMULA } from './statement-formulas.ts';

/** The value that a (masked) sentence begins with, as written, and what the sentence goes on to say. */
export interface Leading {
  value: string;
  rest: string;
}

interface Token {
  text: string;
  start: number;
  end: number;
}

const MAX_UNIT_WORDS = 4;
const OPERATOR =
  /^(?:[-+*/^=<>:±∓×÷·⋅−–≤≥≈≠∈∪∩|x]|U|<=|>=|!=|==|\\(?:times|cdot|div|pm|mp|cup|cap|in|leq?|geq?|lt|gt|neq?|approx|equiv|sim|mid|to|setminus|pmod|bmod|mod))$/;
const RELATION = /^(?:[=<>:≤≥≈≠∈]|<=|>=|\\(?:leq?|geq?|lt|gt|neq?|approx|in|equiv))$/;
const SIGN = /^(?:[-+−–±$£€¥]|\\\$|\\pm|[-−]\\?\$)$/;
const SYMBOL =
  /^[-−]?(?:[A-Za-zα-ωπ]|[A-Z]{2}|\|[A-Za-z]{1,2}\||[A-Za-z](?:_\{?\w+\}?|[′'])|[A-Za-z]\([\w, ]{1,5}\)|\\[a-z]+|∠[A-Z]{1,3})$/;
const MONTH = /^(?:January|February|March|April|May|June|July|August|September|October|November|December)$/;
const DAY = /^\d{1,2}(?:st|nd|rd|th)?$/;
const LETTER = /^(?:\(?[A-J]\)?[.)]?|\([a-jA-J]\))$/;
const CURRENCY = /[$£€¥]/;
const SCALE = /^(?:hundred|thousand|million|billion|trillion)$/i;
const FUNCTIONS = /\\[A-Za-z]+|(?<![A-Za-z])(?:sqrt|sin|cos|tan|cot|sec|csc|log|ln|exp|pi|frac)(?![a-z])|mod/g;

/** Units of a second part: "2 hours 30 minutes". */
const SMALLER = /^(?:min(?:ute)?s?|seconds?|secs?|inch(?:es)?|cents?|ounces?|oz)$/i;
const MEASURE =
  /^(?:cents?|dollars?|pence|pennies|euros?|percent(?:age)?|points|(?:milli|micro|nano)?seconds?|secs?|min(?:ute)?s?|h(?:ou)?rs?|h|days?|weeks?|months?|years?|decades?|(?:milli|centi|deci|kilo)?met(?:er|re)s?|[mck]?m|in|inch(?:es)?|feet|foot|ft|yards?|yd|miles?|mi|mph|kmh|(?:milli|kilo)?grams?|[mk]?g|pounds?|lbs?|ounces?|oz|tons?|tonnes?|(?:milli)?lit(?:er|re)s?|m?l|gallons?|quarts?|pints?|cups?|degrees?|radians?|square|cubic|units?|sq|cu|per|[ap]\.?m\.?|dozens?|hundred|thousand|million|billion|trillion|hundredths?|tenths?|halves|hal[fv]|thirds?|quarters?|newtons?|joules?|watts?|volts?)$/i;

/** Words that are no unit: what follows them is not what is counted. */
const STOPS = new Set(
  `a about above after all also altogether am an and another any are as at be because been before below between both but by can combined could did do does during each either else even every exactly for from given had has have he her here his how however i if in instead into is it its itself last least left less fewer long longer just leaving left make makes making may might more most much must need needs next no nor not now of off old on once only or other otherwise our out over overall own plus minus remain remaining remains respectively result same she should since so such than that the their them then there therefore these they this those through thus times to too total under until up upon using was we were what when where whether which while who whom whose will with within without would yet you your`.split(
    ' ',
  ),
);

/**
 * Numbers with their units, formulas, equations, points, intervals, choice letters, and lists of them: "3 apples", "x = 5", "(3, 4)",
 * "$5 or $6". null where the sentence begins with other words.
 */
export function leadingValue(sentence: string): Leading | null {
  const tokens = tokenize(sentence);
  let end = readValue(tokens, 0);
  if (end === 0) return null;
  for (let next = afterConnector(tokens, end); next > end; next = afterConnector(tokens, end)) {
    const until = readValue(tokens, next);
    if (until === next) break;
    end = until;
  }
  const last = tokens[end - 1]!.end;
  return { value: sentence.slice(0, withoutCounted(tokens, end)).trim(), rest: sentence.slice(last).trim() };
}

/** The index after the value that begins at `from`; `from` itself where none does. */
function readValue(tokens: Token[], from: number): number {
  if (MONTH.test(textAt(tokens, from)) && DAY.test(textAt(tokens, from + 1))) return afterDate(tokens, from + 2);
  let index = from;
  while (SIGN.test(textAt(tokens, index)) && isOperand(textAt(tokens, index + 1))) index++;
  if (isChoice(tokens, index)) {
    const content = readValue(tokens, /^[:–—-]$/.test(textAt(tokens, index + 1)) ? index + 2 : index + 1);
    return content > index + 2 || isNumeric(textAt(tokens, index + 1)) ? content : index + 1;
  }
  if (!isNumeric(textAt(tokens, index))) {
    const alone =
      index + 1 === tokens.length ||
      RELATION.test(textAt(tokens, index + 1)) ||
      OPERATOR.test(textAt(tokens, index + 1));
    if (!SYMBOL.test(textAt(tokens, index)) || !alone) return from;
  }
  index++;
  for (;;) {
    const operator = OPERATOR.test(textAt(tokens, index));
    let operand = operator ? index + 1 : index;
    while (operator && SIGN.test(textAt(tokens, operand))) operand++;
    const continues = operator
      ? isOperand(textAt(tokens, operand))
      : isAdjacent(textAt(tokens, index - 1), textAt(tokens, index));
    if (!continues) break;
    index = operand + 1;
  }
  if (tokens.slice(from, index).some(({ text }) => CURRENCY.test(text)))
    return SCALE.test(textAt(tokens, index)) ? index + 1 : index;
  if (!isQuantity(textAt(tokens, index - 1))) return index;
  const unit = readUnit(tokens, index);
  return unit > index && SMALLER.test(textAt(tokens, unit + 1)) ? readValue(tokens, unit) : unit;
}

/** Where the value ends: words that only say what is counted go ("18 apples" is 18), those of "18 cents" or "2 apples and 3 pears" stay. */
function withoutCounted(tokens: Token[], end: number): number {
  let number = end;
  while (number > 1 && /^[A-Za-z]{2,}(?:[-'’][A-Za-z]+)*$/.test(tokens[number - 1]!.text)) number--;
  const matters =
    tokens.slice(number, end).some(({ text }) => MEASURE.test(text)) ||
    tokens.slice(0, number).some(({ text }) => /^[a-z]{3,}$/.test(text));
  return tokens[(matters ? end : number) - 1]!.end;
}

/** The index behind the year that may follow a day: "June 20, 2024". */
function afterDate(tokens: Token[], from: number): number {
  const year = textAt(tokens, from) === ',' ? from + 1 : from;
  return /^\d{4}$/.test(textAt(tokens, year)) ? year + 1 : from;
}

function readUnit(tokens: Token[], from: number): number {
  let index = from;
  while (index - from < MAX_UNIT_WORDS) {
    const word = textAt(tokens, index);
    if (/^\((?:mod|base)\b|^[ap]\.?m\b\.?$/i.test(word)) return index + 1;
    if (
      !/^(?:[A-Za-z]+[²³]?|[A-Za-z]+\^\{?[23]\}?|[A-Za-z]+(?:[-/][A-Za-z]+)+|\\%|%|°[CF]?|¢|\\?text\{.*\}|\\?mathrm\{.*\}|\^\\circ)$/.test(
        word,
      )
    )
      break;
    if (STOPS.has(word.toLowerCase()) && !(word === 'per' && index > from)) break;
    index++;
  }
  return index;
}

/** The index behind "," or "and" or both. */
function afterConnector(tokens: Token[], from: number): number {
  let index = from;
  while (/^(?:,|;|and|or|&|\\text\{\s*(?:and|or)\s*\}|\\q?quad)$/.test(textAt(tokens, index))) index++;
  return index;
}

function isChoice(tokens: Token[], index: number): boolean {
  const text = textAt(tokens, index);
  if (!LETTER.test(text)) return false;
  const next = textAt(tokens, index + 1);
  return /[().]/.test(text) || next === '' || /^(?:[,;:–—-]|and|or|because|since|as)$/.test(next);
}

function isNumeric(text: string): boolean {
  if (HOLDS_FORMULA.test(text)) return true;
  if (/^[-−]?\\[A-Za-z]/.test(text)) return !OPERATOR.test(text) && text.length > 2;
  if (!/[\d∞½⅓⅔¼¾⅕⅙⅛⅜⅝⅞∅]/.test(text))
    return /^[([{][^A-Za-z]*(?:[A-Za-z]{1,2}[^A-Za-z]+)*[)\]}]$/.test(text) && text.length > 2;
  return !/[A-Za-z]{4,}|^\d+(?:st|nd|rd|th)$|^[A-Za-z]{3}/.test(
    text.replace(FUNCTIONS, '').replace(/(?<=\d)\/[A-Za-z]+$/, ''),
  );
}

const isOperand = (text: string) => isNumeric(text) || SYMBOL.test(text);
const isQuantity = (text: string) => /[\d½⅓⅔¼¾%)}\ue000-\uf8ff]$|\d[A-Za-z²³°¢]*$/.test(text);

/** "2 1/2", "5 \sqrt{3}", "$\frac12$ $\pi$": one after the other, without an operator. */
const isAdjacent = (before: string, text: string) =>
  (/\d$/.test(before) && /^\d+\/\d+$|^\d{3}(?!\d)|^[½⅓⅔¼¾]/.test(text)) ||
  (/^[-−\d}]|\\/.test(before) && /^\\(?:sqrt|frac|pi|cdot|left|right)/.test(text));

const textAt = (tokens: Token[], index: number) => tokens[index]?.text ?? '';

/** Words as white space parts them, but brackets whole, and a comma, colon or operator at the end of a word apart. */
function tokenize(sentence: string): Token[] {
  const tokens: Token[] = [];
  const add = (start: number, end: number) => tokens.push({ text: sentence.slice(start, end), start, end });
  for (let start = wordStart(sentence, 0); start < sentence.length; ) {
    const end = wordEnd(sentence, closing(sentence, start, wordEnd(sentence, start)));
    const mark = end - start > 1 ? (/[,;:=+*/×-]$/.exec(sentence.slice(start, end))?.[0] ?? '') : '';
    add(start, end - mark.length);
    if (mark !== '') add(end - 1, end);
    start = wordStart(sentence, end);
  }
  return tokens;
}

/** Where the brackets that are open at the end of a word close; that end where they never do. */
function closing(sentence: string, start: number, end: number): number {
  let depth = 0;
  for (let index = start; index < sentence.length; index++) {
    if ('([{'.includes(sentence[index]!)) depth++;
    else if (')]}'.includes(sentence[index]!)) depth--;
    if (index >= end - 1 && depth <= 0) return Math.max(index + 1, end);
  }
  return end;
}

function wordStart(sentence: string, from: number): number {
  let index = from;
  while (/\s/.test(sentence[index] ?? '')) index++;
  return index;
}

function wordEnd(sentence: string, from: number): number {
  let index = from;
  while (index < sentence.length && !/\s/.test(sentence[index]!)) index++;
  return index;
}
