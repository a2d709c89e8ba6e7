import type { AnswerFormat } from '../rows.ts';
import { findBoxes, readBoxes, takesBack } from './boxes.ts';
import { readConclusion } from './extract-conclusion.ts';
import { answeringTurn } from './extract-turn.ts';
import { readPhrases } from './phrases.ts';
import { readStatement } from './statement.ts';
import { rightSide } from './statement-equation.ts';

/** The answer stands at the end: of longer texts only this many last characters are read. */
const MAX_TEXT = 50_000;

/** A sentence is not longer. */
const MAX_UNFINISHED = 2000;

const TAGGED = /<(?:final_)?answer>([^<]*(?:<(?!\/?(?:final_)?answer>)[^<]*)*)(<\/(?:final_)?answer>|)/gi;
const NEXT_QUESTION = /\n[ \t*#]*(?:Question|Problem|Q)\b[ \t]*\d*[ \t]*[:.]/g;
const RETRACTION =
  /\b(?:that|this|it)(?:'s| is| was| seems)\s+(?:not (?:quite )?(?:right|correct)|wrong|incorrect)\b|\bI(?: have|'ve)? made an? (?:mistake|error)\b|\bapologi[sz]e for (?:the|my|that|this) (?:\w+ )?(?:mistake|error)\b|\b(?:answer|solution)(?: above| provided)? is (?:wrong|incorrect)\b/gi;

/**
 * The final answer of a whole response, as written; null where it states none, which is an abstention: the text itself is never the
 * answer. The last explicit statement counts, whatever its form: boxes, "The answer is ...", "#### n", "Final Answer: ...". Where a box
 * was asked for, a later phrase takes its place only if it is there to state a value. A text without any is read by its conclusion.
 *
 * A response that was `cut` off counts by what it finished saying: "The answer is 1" may have been going to be 18, and its last sentence
 * concludes nothing.
 */
export function extractAnswer(text: string, format: AnswerFormat, cut = false): string | null {
  const turn = answeringTurn(text);
  const read = turn.text.slice(-MAX_TEXT);
  if (turn.thinking) return readBoxes(read)?.content ?? null;

  const tagged = [...read.matchAll(TAGGED)].at(-1);
  const [, inTags = '', closing] = tagged ?? [];
  if (inTags.trim() !== '' && !(cut && closing === ''))
    return explicitAnswer(inTags, format) ?? readStatement(inTags)?.answer ?? null;

  for (const question of [...read.matchAll(NEXT_QUESTION)].slice(0, 3)) {
    const first = explicitAnswer(read.slice(0, question.index), format);
    if (first !== null) return first;
  }
  const explicit = explicitAnswer(read, format, cut);
  return explicit !== null || cut || findBoxes(read).open ? explicit : readConclusion(read);
}

/** The gold answer of a worked solution: GSM8K's `#### n`, else what MATH's last statement puts into boxes. */
export function extractReference(solution: string): string | null {
  return /^####[ \t]*(\S.*)$/m.exec(solution)?.[1]?.trim() ?? readBoxes(solution.slice(-MAX_TEXT))?.content ?? null;
}

function explicitAnswer(text: string, format: AnswerFormat, cut = false): string | null {
  const boxes = findBoxes(text);
  const boxed = readBoxes(text, boxes);
  const phrase = readPhrases(cut ? finishedPart(text) : text);
  const phraseCounts =
    phrase &&
    (!boxed ||
      (phrase.start > boxed.end &&
        phrase.kind === 'value' &&
        (phrase.final || format === 'plain' || isRetracted(text.slice(0, phrase.start), boxed.start))));
  const stated = phraseCounts ? { content: phrase.answer, start: phrase.start } : boxed;
  if (!stated || takesBack(boxes.open, stated)) return null;
  if (isRetracted(text, stated.start)) return null;
  return phraseCounts ? phrase.answer : inBox(stated.content);
}

/** Whether something takes back what was said before it. */
const isRetracted = (text: string, said: number) =>
  [...text.matchAll(RETRACTION)].some((retraction) => retraction.index > said);

/** Up to the last end of a sentence, line or group. */
function finishedPart(text: string): string {
  const last = [...text.slice(-MAX_UNFINISHED).matchAll(/[!?}\n]|\.(?=\s|$)/g)].at(-1);
  return last ? text.slice(0, Math.max(0, text.length - MAX_UNFINISHED) + last.index + 1) : '';
}

/** A box may say all of it: `\boxed{\text{The answer is } 18}`, `\boxed{3 * 6 = 18}`. */
function inBox(content: string): string {
  const said = /\banswer\b/i.test(content) ? readPhrases(content.replace(/\\text\s*\{([^{}]*)\}/g, '$1')) : null;
  return rightSide(said?.answer ?? content);
}
