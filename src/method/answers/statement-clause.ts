import { type Leading, leadingValue } from './statement-value.ts';

// How a (masked) sentence states a value. Each reader gives the value as written, or null where the sentence has none of that kind.

/** After a value, these make another value of it: "3 out of 5", "3 times the number", "18 eggs for breakfast and 5 for lunch". */
const CHANGES_VALUE =
  /^(?:(?:to|by|out of|over|plus|minus|divided by|multiplied by)\s+(?:the\s+|about\s+|half\s+|twice\s+)?(?:[-+$]?[\d\ue000-\uf8ff]|[b-z]\b)|in \d+(?!\d*\s*[a-z])|(?:[A-Za-z]+\s+){0,3}(?:and|&)\s+(?:about\s+)?[-+$]?[\d\ue000-\uf8ff]|or (?:more|less|fewer|greater)\b|times\b|squared|cubed|factorial|mod\b|modulo\b|base\b|to the\b|and (?:a|one|two|three) )/i;
/** So do these after a number that counts nothing: "3 less than a dozen", but not "3 pounds less than Bob". */
const COMPARES = /^(?:less|more|fewer) than\b/i;
const CONDITION =
  /^,?\s*(?:\([^)]*)?\b(?:if|when|unless|whenever|provided|otherwise|for (?:all |every |even |odd )?[a-z\ue000-\uf8ff](?![a-z]))/i;

/** The value that the sentence begins with; all of the sentence where what follows changes the value. */
export function wholeValue(said: string): string | null {
  const leading = leadingValue(said);
  if (!leading) return null;
  if (/^[-+*/×÷=]/.test(leading.rest)) return equationSide(said) ?? said;
  return changesValue(leading) ? said : leading.value;
}

const changesValue = ({ value, rest }: Leading) =>
  CHANGES_VALUE.test(rest) || CONDITION.test(rest) || (COMPARES.test(rest) && /^[\d.,]+$/.test(value));

/** The sentence itself where it is nothing but a value (a letter only to choose), and a value that "is the solution". */
export function subjectValue(said: string): string | null {
  const leading = leadingValue(said);
  if (!leading || !/[\d\\√π∞∅\ue000-\uf8ff]|^\(?[A-J]\)?$/.test(leading.value)) return null;
  return /^$|^(?:is|are) (?:the|our) (?:only |final |correct )*(?:solutions?|result|total)\b/i.test(leading.rest)
    ? leading.value
    : null;
}

/** The one value in bold type. */
export function emphasisedValue(sentence: string): string | null {
  const values = [...sentence.matchAll(/\*\*([^*]+)\*\*/g)]
    .map((bold) => wholeValue(bold[1]!.trim()))
    .filter((value) => value !== null);
  return values.length === 1 ? values[0]! : null;
}

const EQUALS = /(?<![<>!=])=(?!=)/g;
/** What follows a value that is not the last word. */
const GOES_ON = /^[-+*/×÷=]|^[,;]?\s*(?:which|or|≈|rounded|meaning|so)\b.*\d/i;
const SEPARATOR = /,\s|;|\b(?:and|or)\b/;
const UNKNOWNS = /(?:^|[\s,(])[A-Za-z](?:_?\d)?\s*=/g;

/** What the sentence says that something is, makes, costs: of several equations only a list of them, else the right side of the last. */
export function resultValue(said: string): string | null {
  const predicate = predicateValue(said);
  const equals = [...said.matchAll(EQUALS)].map(({ index }) => index);
  if (equals.length === 0 || (predicate?.includes('=') && isOneStatement(predicate))) return predicate;
  const last = equals.at(-1)!;
  if (equals.length > 1 && SEPARATOR.test(said.slice(equals.at(-2), last))) return null;
  return equationSide(said);
}

/** "x = 2 and x = 3" is, "2 bags and 3 * 4 = 12 pears" is not. */
function isOneStatement(value: string): boolean {
  return !SEPARATOR.test(value) || value.match(UNKNOWNS)?.length === value.match(EQUALS)?.length;
}

/** The value after the last equals sign that stands between words or numbers. */
export function equationSide(said: string): string | null {
  const equals = [...said.matchAll(EQUALS)].at(-1);
  const right = equals && leadingValue(said.slice(equals.index + 1).trim());
  return right && /[\d\ue000-\uf8ff\\]/.test(right.value) && !GOES_ON.test(right.rest) ? right.value : null;
}

const PREDICATE =
  /\b(?:is|are|was|were|(?:would|should|must|will) be|been|equals|equal to|gives?|makes?|costs?|has|have|had|needs?|earns?|pays?|paid|spends?|spent|takes?|gets?|becomes?|left with|totals?|total of|receives?|weighs?|owes?|saves?|sells?|sold|owns?)\b(?!\s+not\b)|:\s/gi;
const MAX_PREDICATES = 10;
const HEDGE =
  /^\s*(?:(?:that|only|about|approximately|roughly|around|exactly|equal to|therefore|thus|then|now|also|just|between|a total of|at)\s+)*/i;

/** The value after the last "is" or "makes", unless it is one of several: "Bob has 18 and Al has 3". */
function predicateValue(said: string): string | null {
  const stating = [...said.matchAll(PREDICATE)].slice(-MAX_PREDICATES).flatMap((verb) => {
    const leading = leadingValue(said.slice(verb.index + verb[0].length).replace(HEDGE, ''));
    return leading && !changesValue(leading) && !GOES_ON.test(leading.rest) ? { start: verb.index, ...leading } : [];
  });
  const [before, last] = [stating.at(-2), stating.at(-1)];
  if (!last || (before && /\band\b/.test(said.slice(before.start, last.start)))) return null;
  return last.value;
}

const NUMBER =
  /(?<![\w.,/^-])[-−+]?(?:\\?[$£€])?[-−]?(?:\d+\s\d+\/\d+|\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)(?:\/\d+)?(?:\s?\\?%)?(?![\w/]|[.,]\d)|[\ue000-\uf8ff]/g;
const QUALIFIED =
  /\b(?:except|least|most|than|over|under|below|above|not|base|mod|modulo|up to|minus|plus|times|to|from|between|divided|half|twice|step|part|case|day|week|year|no)\s+(?:the\s+)?$/i;
/** Without a verb, the number is part of a name: "June 20". */
const VERBAL = /\b(?:is|are|was|were|has|have|had|will|can|be|[a-z]{2,}(?:s|ed|d|n|t))\b/i;

/** The one number of a sentence, unless a word before it makes another of it: "at least 5". */
export function onlyNumber(said: string): string | null {
  const numbers = [...said.matchAll(NUMBER)];
  const [number] = numbers;
  if (!number || numbers.length > 1 || said.replace(number[0], '').search(/[\d\ue000-\uf8ff]/) >= 0) return null;
  if (QUALIFIED.test(said.slice(0, number.index)) || !VERBAL.test(said)) return null;
  return leadingValue(said.slice(number.index))?.value ?? number[0];
}
