import { leadingValue } from './statement-value.ts';

// How a (masked) sentence states a value. Each reader gives the value as written, or null where the sentence has none of that kind.

/** After a value, these make another value of it: "3 out of 5", "5 more than x", "18 eggs for breakfast and 5 for lunch". */
const CHANGES_VALUE =
  /^(?:(?:to|by|out of|over|times|plus|minus|divided by|multiplied by|less than|more than)\s+(?:the\s+|about\s+|half\s+|twice\s+)?(?:[-+$]?[\d\ue000-\uf8ff]|[a-z]\b)|(?:[A-Za-z]+\s+){0,3}(?:and|&)\s+(?:about\s+)?[-+$]?[\d\ue000-\uf8ff]|or (?:more|less|fewer|greater)\b|squared|cubed|factorial|mod\b|modulo\b|base\b|to the\b|and (?:a|one|two|three) )/i;
const CONDITION =
  /^,?\s*(?:\([^)]*)?\b(?:if|when|unless|whenever|provided|otherwise|for (?:all |every |even |odd )?[a-z\ue000-\uf8ff](?![a-z]))/i;

/** The value that the sentence begins with; all of the sentence where what follows changes the value. */
export function wholeValue(said: string): string | null {
  const leading = leadingValue(said);
  if (!leading) return null;
  if (/^[-+*/×÷=]/.test(leading.rest)) return equationSide(said) ?? said;
  return CHANGES_VALUE.test(leading.rest) || CONDITION.test(leading.rest) ? said : leading.value;
}

/** The sentence itself where it is nothing but a value, and a value that "is the solution". */
export function subjectValue(said: string): string | null {
  const leading = leadingValue(said);
  return leading &&
    /^$|^(?:is|are) (?:the|our) (?:only |final |correct )*(?:solutions?|result|total)\b/i.test(leading.rest)
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
const RESTATED = /^[,;]?\s*(?:which|or|≈|rounded|meaning|so)\b.*\d/i;

/** The value after the last equals sign between words or numbers; undefined where there is no such sign. */
export function equationSide(said: string): string | null | undefined {
  const equals = [...said.matchAll(EQUALS)].at(-1);
  if (!equals) return undefined;
  const right = leadingValue(said.slice(equals.index + 1).trim());
  return right && /[\d\ue000-\uf8ff\\]/.test(right.value) && !RESTATED.test(right.rest) ? right.value : null;
}

const PREDICATE =
  /\b(?:is|are|was|were|(?:would|should|must|will) be|been|equals|equal to|gives?|makes?|costs?|has|have|had|needs?|earns?|pays?|paid|spends?|spent|takes?|gets?|becomes?|left with|totals?|total of|receives?|weighs?|owes?|saves?|sells?|sold|owns?)\b(?!\s+not\b)|(?<![<>!=])=(?!=)|:\s/gi;
const HEDGE =
  /^\s*(?:(?:that|only|about|approximately|roughly|around|exactly|equal to|therefore|thus|then|now|also|just|between|a total of|at)\s+)*/i;

/** The value after the last "is", "makes" or "=", unless it is one of several: "Bob has 18 and Al has 3". */
export function predicateValue(said: string): string | null {
  const found = [...said.matchAll(PREDICATE)].map((verb) => ({
    start: verb.index,
    value: wholeValue(said.slice(verb.index + verb[0].length).replace(HEDGE, '')),
  }));
  const stating = found.filter(({ value }) => value !== null);
  const [before, last] = [stating.at(-2), stating.at(-1)];
  if (!last || (before && /\band\b/.test(said.slice(before.start, last.start)))) return null;
  return last.value;
}

const NUMBER =
  /(?<![\w.,/^-])[-−+]?(?:\\?[$£€])?[-−]?(?:\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)(?:\/\d+)?(?:\s?\\?%)?(?![\w/]|[.,]\d)|[\ue000-\uf8ff]/g;
const QUALIFIED =
  /\b(?:except|least|most|than|over|under|below|above|not|base|mod|modulo|up to|minus|plus|times|to|from|between|divided|half|twice|step|part|case|day|week|year|of order|no)\s+(?:the\s+)?$/i;
const VERBAL = /\b(?:is|are|was|were|has|have|had|will|can|be|[a-z]{2,}(?:s|ed|d|n|t))\b/i;

/** The one number of a sentence, unless a word before it makes another of it: "at least 5". */
export function onlyNumber(said: string): string | null {
  const numbers = [...said.matchAll(NUMBER)];
  const [number] = numbers;
  if (!number || numbers.length > 1 || said.replace(number[0], '').search(/[\d\ue000-\uf8ff]/) >= 0) return null;
  if (QUALIFIED.test(said.slice(0, number.index)) || !VERBAL.test(said)) return null;
  return leadingValue(said.slice(number.index))?.value ?? number[0];
}
