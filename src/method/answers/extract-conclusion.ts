import { readConcluding, splitSentence } from './statement.ts';
import { maskFormulas, unmask } from './statement-formulas.ts';

const MAX_END = 1500;
const CHATTER =
  /^[^\p{L}\p{N}\ue000-\uf8ff√∞∅]*$|^[^\p{L}\p{N}\ue000-\uf8ff]*(?:I hope|hope (?:this|it)|let me know|please (?:let|note)|feel free|is there|thank|great[!,.]|good luck|happy to|if you (?:have|need)|would you|this (?:completes|concludes|matches|agrees)|(?:q\.?e\.?d|end|done)\b|note\b|\\end\{)/iu;
const CUE =
  /^[\W_]*(?:\\therefore\s*)?(?:(?:and|but)\s+)?(?:(?:so|thus|hence|therefore|consequently|accordingly|finally|in (?:total|all|conclusion|summary|the end)|altogether|overall|as a result|to (?:summarize|conclude)|(?:we|I) (?:conclude|get|find|obtain)|it follows|this (?:means|gives|implies)|∴)(?:\s+(?:that|we (?:get|find|have|see|conclude)))?(?=\W)[\s,:]*)+/i;
const SUBJECT =
  /^[\W_]*(?:(?:the|our|his|her|its|their|[A-Z]\w+['’]s)\s(?!(?:first|second|third|next|other|previous)\b).*\s(?:is|are)\s|(?:final )?(?:total|result|solution)s?\b[^:.=]{0,40}:)/i;
const RESULT = /=\s*(?:\\?[$£€]\s*)?(-?(?:\d[\d,]*(?:\.\d+)?|\.\d+))/g;
const NUMBER = /-?(?:\d[\d,]*(?:\.\d+)?|\.\d+)/;
const TENTATIVE =
  /\?\W*$|\b(?:suppose|assume|let's|let us|let me|next|still need|remains to|yet to|need to (?:find|calculate|compute|determine|solve|check)|must (?:find|check)|can (?:now|use|write|find|calculate|solve)|not (?:the|sure|equal|correct|possible|enough)|isn't|cannot|can't|unknown|impossible|contradict\w*|perhaps|maybe|might|wrong|incorrect|mistake)\b/i;
/** What is yet to be done: "Finally, subtract 5." */
const INSTRUCTS =
  /^[*_]*(?!.*=)(?:(?:we|you|I)\s+(?:now\s+|then\s+)?)?(?:add|subtract|multiply|divide|find|compute|calculate|convert|solve|substitute|simplify|take|use|plug|set|check|consider|note|round)\b/i;
/** A line whose sentences are all in bold type. */
const BOLD = /^\*\*[^*]+[.!]\*\*$/;
const ITEM = /^(?:[-•*]|\d+[.)]|\(?[a-z]\))\s/i;
const STEP = /^[\W_]*(?:step|case|part)\s/i;

/**
 * The answer of a complete text that announces none: what its last sentence states, closing courtesies aside, where that
 * - is a value alone on its line ("18", "$x = 5$", "**18 apples**"), or
 * - ends in an equation ("She pays 3 * 6 = 18 dollars"): its right side, or
 * - concludes ("Therefore, ...", "So ...", "The total is ..."): its formula, its only number, or the value after its last "is", or
 * - sets one value in bold type ("She makes **$18** a day."), or
 * - repeats what the last equation before it came to ("3 * 6 = 18. She makes $18 a day.").
 * A number anywhere else is not an answer.
 */
export function readConclusion(text: string): string | null {
  const { text: end, formulas } = maskFormulas(text.slice(-MAX_END));
  const line = end
    .replace(/([A-Za-z:,])\s*\n\s*(?=[\ue000-\uf8ff])/g, '$1 ')
    .split('\n')
    .map((part) => part.trim())
    .findLast((part) => !CHATTER.test(part));
  const sentence = line === undefined ? undefined : sentencesOf(line).findLast((part) => !CHATTER.test(part));
  if (sentence === undefined || TENTATIVE.test(sentence) || STEP.test(sentence)) return null;

  const concluding = sentence.replace(
    /^(?:if|when|since|given)\b[^,]*,\s+(?:then\s+)?|^.*,\s+(?=(?:so|thus|hence|therefore)\b)/i,
    '',
  );
  const cue = CUE.exec(concluding)?.[0] ?? '';
  if (INSTRUCTS.test(concluding.slice(cue.length))) return null;
  const concludes = cue !== '' || SUBJECT.test(concluding) || (BOLD.test(line!) && line!.startsWith(sentence));
  const how = concludes ? 'concludes' : sentence === line && !ITEM.test(line) ? 'alone' : 'states';
  const stated = readConcluding(concluding.slice(cue.length), how, formulas);
  if (stated) return stated.answer;

  const repeated = readConcluding(concluding, 'concludes', formulas)?.answer;
  const result = [...unmask(end.slice(0, end.lastIndexOf(sentence)), formulas).matchAll(RESULT)].at(-1)?.[1];
  return repeated !== undefined && result !== undefined && NUMBER.exec(repeated)?.[0] === result ? repeated : null;
}

function sentencesOf(line: string): string[] {
  const found: string[] = [];
  for (let rest = line; rest !== ''; ) {
    const [sentence, after] = splitSentence(rest);
    found.push(sentence);
    rest = after.trim();
  }
  return found;
}
