import { readConcluding, splitSentence } from './statement.ts';
import { maskFormulas } from './statement-formulas.ts';

const MAX_END = 1500;
const CHATTER =
  /^[-–—_*#`~\s]*$|^[^\w\ue000-\uf8ff]*(?:I hope|hope (?:this|it)|let me know|please (?:let|note)|feel free|is there|thank|great[!,.]|good luck|happy to|if you (?:have|need)|would you|this (?:completes|concludes|matches|agrees)|(?:q\.?e\.?d|end|done)\b|note\b|\\end\{)/i;
const CUE =
  /^[\W_]*(?:\\therefore\s*)?(?:(?:and|but)\s+)?(?:(?:so|thus|hence|therefore|consequently|accordingly|finally|in (?:total|all|conclusion|summary|the end)|altogether|overall|as a result|to (?:summarize|conclude)|(?:we|I) (?:conclude|get|find|obtain)|it follows|this (?:means|gives|implies)|∴)(?:\s+(?:that|we (?:get|find|have|see|conclude)))?(?=\W)[\s,:]*)+/i;
const LABEL =
  /^[\W_]*(?:(?:the|our)\s+(?:final\s+)?(?:result|total|solutions?|solution set|value of|sum|correct)\b|(?:final )?(?:total|result|solution)s?:)/i;
const TENTATIVE =
  /\?\W*$|\b(?:suppose|assume|let's|let us|let me|next|need to (?:find|calculate|compute|determine|solve|check)|must (?:find|check)|can (?:now|use|write|find|calculate|solve)|not (?:the|sure|equal|correct|possible|enough)|isn't|cannot|can't|unknown|impossible|perhaps|maybe|might|wrong|incorrect|mistake)\b/i;
const ITEM = /^(?:[-•*]|\d+[.)]|\(?[a-z]\))\s/i;
const STEP = /^[\W_]*(?:step|case|part)\s/i;

/**
 * The answer of a complete text that announces none: what its last sentence states, closing courtesies aside, where that
 * - is a value alone on its line ("18", "$x = 5$", "**18 apples**"), or
 * - ends in an equation ("She pays 3 * 6 = 18 dollars"): its right side, or
 * - concludes ("Therefore, ...", "So ...", "The total is ..."): its formula, its only number, or the value after its last "is", or
 * - sets one value in bold type ("She makes **$18** a day.").
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
  const how =
    cue !== '' || LABEL.test(concluding) ? 'concludes' : sentence === line && !ITEM.test(line) ? 'alone' : 'states';
  return readConcluding(concluding.slice(cue.length), how, formulas)?.answer ?? null;
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
