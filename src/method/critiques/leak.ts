import { contentLines, trimCritique } from '../critique-lines.ts';
import type { Question } from '../rows.ts';
import { goldResponse } from '../sft.ts';
import { stepsOf } from './steps.ts';

/** Texts that only an annotator has. "Reference angle", "reference point" and their like are mathematics. */
const SECRET = [
  /\breference (?:correct |final |right |gold )?(?:solution|answer|result)s?\b/,
  /\b(?:the|your|provided|given) reference\b(?! (?:point|frame|line|angle|number|level|date|position|value|triangle|to)\b)/,
  /\b(?:gold(?:en)?|ground[- ]truth|official) (?:final |correct |standard )?(?:solution|answer|label)s?\b/,
  /\bground[- ]truth\b/,
  /\b(?:answer|solution|marking) (?:key|sheet|scheme)s?\b/,
  /\b(?:solution|answer)s? (?:that )?i (?:was|have been|am) (?:given|provided|told|shown)\b/,
  /\bi (?:was|have been|am) (?:told|informed|given the)\b/,
];

/** Texts that a critic may mean in its own right: they are a source only where they are cited as one. */
const TEXT =
  '(?:the |an? |your )?(?:(?:known|given|provided|expected|correct|right|true|actual|intended|supplied) )+(?:final )?(?:solution|answer)s?\\b(?! (?:of|from|to|in) (?:the )?(?:previous |first |last )?step)';
const CITING = [
  'according to',
  'based on',
  'as per',
  'compar(?:ed|ing|ison)(?: it| this| that| them)? (?:with|to|against)',
  'judging (?:by|from)',
  'referring to',
  'refer to',
  'looking at',
  'check(?:ed|ing)? against',
  'as (?:shown|given|stated|seen|demonstrated|indicated|found|explained|done|specified) (?:in|by)',
].join('|');
const SAYING = 'shows?|states?|says?|indicates?|confirms?|tells?|lists?|reveals?';
const CITED = [
  new RegExp(`\\b(?:${CITING}) ${TEXT}`),
  new RegExp(
    `\\b(?:known|expected|correct|right|true|actual|intended) (?:final )?(?:solution|answer)s? (?:${SAYING})\\b`,
  ),
  /\b(?:provided|given|expected|known|supplied) (?:correct|right|true) (?:final )?(?:solution|answer)s?\b/,
  /\b(?:correct|right) (?:final )?(?:solution|answer)s? (?:(?:that|which) (?:is|was) )?(?:provided|given|supplied)\b/,
  /\b(?:match(?:es|ing)?|equals?|agrees? with|differs? from|contradicts?|consistent with|deviates? from) (?:the )?(?:provided|given|expected|known) (?:final )?(?:solution|answer)\b/,
];

/**
 * Whether a critique shows that its writer knew the right solution: it speaks of it as a source, or has lines of it (method.md B2). What
 * the response says itself is no leak where the critique repeats it.
 */
export function isLeak(critique: string, { question, response }: { question: Question; response: string }): boolean {
  const known = contentLines(response).map(essence).join('\n');
  const own = contentLines(trimCritique(critique)).filter((line) => !known.includes(essence(line.replace(STEP, ''))));
  const words = own.join(' ').toLowerCase().replaceAll(/[*_]+/g, '').replaceAll(/\s+/g, ' ');
  if ([...SECRET, ...CITED].some((pattern) => pattern.test(words))) return true;

  const written = own.map(essence).join('\n');
  const copied = stepsOf(goldResponse(question) ?? '')
    .map(essence)
    .map((line) => line.length >= SHORTEST_COPY && written.includes(line) && !known.includes(line));
  return copied.some((isCopied, i) => isCopied && copied[i + 1]);
}

const STEP = /^\W*step sentence\s*:/i;

/** Shorter lines, such as `x=2`, are what anybody writes. */
const SHORTEST_COPY = 10;

/** Without white space, GSM8K's calculator tags and a final full stop. */
const essence = (line: string) =>
  line
    .replaceAll(/<<[^>]*>>|\s+/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
