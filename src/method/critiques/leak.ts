import { contentLines } from '../critique-lines.ts';
import type { Question } from '../rows.ts';
import { goldResponse } from '../sft.ts';
import { stepsOf } from './steps.ts';

/** Texts that only an annotator has. */
const SECRET = [
  /\breference(?:d)? (?:\w+ )?(?:solution|answer|result|value|key|text)s?\b/,
  /\b(?:solution|answer|result|value|number)s? (?:in|of|from) (?:the|your) reference\b/,
  /\b(?:the|a|this|your|provided|given) reference\b(?! (?:point|frame|line|angle|number|to\b))(?=[ ,.;:)]|$)(?= (?:shows?|states?|says?|gives?|has|uses?|indicates?|lists?|is|was|which|and)\b|[,.;:)]|$)/,
  /\b(?:gold(?:en)?|ground[- ]truth|official|model) (?:\w+ )?(?:solution|answer|result|key|label)s?\b/,
  /\bground[- ]truth\b/,
  /\b(?:answer|solution)s? (?:key|sheet)\b/,
  /\b(?:solution|answer)s? (?:that )?(?:i|we) (?:was|were|have been|am|are) (?:given|provided|told|shown)\b/,
  /\bi (?:was|have been|am) (?:told|given|informed|provided|shown)\b/,
  /\b(?:right|correct) solution (?:given |provided |shown )?(?:above|below)\b/,
];

/** Texts that a critic has too, by other names: the response, and what it has to be. They are a source only where they are cited as one. */
const TEXT =
  '(?:the |a |an |your )?(?:known |given |provided |expected |correct |right |true |actual |intended )+(?:final )?(?:solution|answer|result)s?';
const CITED = [
  new RegExp(
    `\\b(?:according to|based on|as per|per|compar(?:ed|ing|ison) (?:it |this |that |them )?(?:with|to|against)|in comparison (?:with|to)|judging by|consult(?:ing)?|referring to|refer to|looking at|check(?:ed|ing)? against|as (?:shown|given|stated|seen|demonstrated|indicated|found|explained|done) (?:in|by)) ${TEXT}\\b`,
  ),
  new RegExp(`\\b${TEXT} (?:which |that )?(?:shows?|states?|says?|indicates?|confirms?|tells?|lists?|reveals?)\\b`),
  /\b(?:provided|given|expected|known) (?:correct|right|true) (?:final )?(?:solution|answer)s?\b/,
  /\b(?:correct|right) (?:final )?(?:solution|answer)s? (?:(?:that|which) (?:is|was) )?(?:provided|given|supplied)\b/,
  /\b(?:matches|match|matching|equals?|agrees? with|differs? from|contradicts?|consistent with|inconsistent with|deviates? from) (?:the )?(?:provided|given|expected|known) (?:final )?(?:solution|answer)\b/,
];

/** Whether a critique shows that its writer knew the right solution: it speaks of it as a source, or has lines of it (method.md B2). */
export function isLeak(critique: string, { question, response }: { question: Question; response: string }): boolean {
  const text = critique.toLowerCase().replaceAll(/[*_]+/g, '').replaceAll(/\s+/g, ' ');
  return [...SECRET, ...CITED].some((pattern) => pattern.test(text)) || copiesSolution(critique, question, response);
}

/** Shorter lines, such as `x=2`, are what anybody writes. */
const SHORTEST_COPY = 10;

/** Two consecutive lines of the gold solution that the response does not have. */
function copiesSolution(critique: string, question: Question, response: string): boolean {
  const [written, known] = [critique, response].map((text) => contentLines(text).map(essence).join('\n'));
  const copied = stepsOf(goldResponse(question) ?? '')
    .map(essence)
    .map((line) => line.length >= SHORTEST_COPY && written!.includes(line) && !known!.includes(line));
  return copied.some((isCopied, i) => isCopied && copied[i + 1]);
}

/** Without white space, GSM8K's calculator tags and a final full stop. */
const essence = (line: string) =>
  line
    .replaceAll(/<<[^>]*>>|\s+/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
