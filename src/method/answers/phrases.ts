import { readStatement, type Stated } from './statement.ts';
import { maskFormulas, unmask } from './statement-formulas.ts';
import { leadingValue } from './statement-value.ts';

/** An answer that is announced as one. */
export interface Announced extends Stated {
  start: number;
  /** Whether its sentence is there to state the answer: it begins with that, or says "final". */
  final: boolean;
}

/** Of the places where an answer may be announced, only this many last ones are read. */
const MAX_CANDIDATES = 12;

const IS = String.raw`(?:is|are|was|were|should be|would be|must be|will be|comes? (?:out )?to(?: be)?|equals|becomes)\b`;
const ABOUT = String.raw`(?:\s+(?:to|for|of)\s+(?:the|this|that|your|our|part)\b[^.:\n=]{0,60}?|,[^,.\n:]{1,40},|\s*\([^()\n]{1,20}\))?`;
const ANSWER = new RegExp(
  String.raw`(?<![A-Za-z/])(?:answers?|ans|(?:correct|right) (?:option|choice|letter|result|value|solution))${ABOUT}["'”]?[*_\x60]*\s*(?:(?:,\s*)?(?:then|therefore|thus|here)?,?\s*${IS}[*_\x60]*\s*[:：]?|[:：=]|\s[–—-](?=\s))|(?:答案|结果)(?:是|为|[:：])+|^[>#*_\s\d.✅]{0,12}(?:the\s+)?(?:final\s+)?answer[*_]*(?:[ \t]*(?=\n)|\s+(?=\$|\\[(\[]))|\bfinal\s+answer\s+(?=[-+]?[\d$])`,
  'gim',
);
const LABEL = /^[ \t>*_]*A(?:ns)?[.:：][*_]*[ \t]*(?=\S)/gm;
const HASH = /^[ \t]*####[ \t]*(?=\S)/gm;
const IS_ANSWER =
  /\b(?:is|are)\s+(?:indeed\s+|therefore\s+|thus\s+)?(?:the|our|my)\s+(?:final\s+|correct\s+|right\s+|required\s+|desired\s+)*(?:answers?|option|choice)\b(?!\s+(?:to|of|for)\s+(?!the (?:question|problem)))|\bis\s+(?:the\s+)?correct\b(?!\s+(?:that|to|because))/gi;
const OPTION_LIST = /^[ \t>*_]*B[.:：)]/m;

/** What makes an announcement another's, or none: "If x = 5, the answer is 10", "One might think the answer is 5". */
const CONDITION = /^(?!.*\bthen\b).*\b(?:if|suppose|assuming|unless|whether|what|once|when)\b/is;
const SUPPOSED =
  /\b(?:might|may|could|would|tempting|initially|originally|at first|wrongly|mistakenly|incorrectly|thought|denote|let|call)\b[^,]*$/i;

/** The last answer that a text announces: "The answer is ...", "Final Answer: ...", "#### ...", "A: ...", "... is the answer". */
export function readPhrases(text: string): Announced | null {
  const labels = OPTION_LIST.test(text) ? [] : lastOf(text, LABEL);
  const candidates = [
    ...lastOf(text, ANSWER).map((match) => ({ match, read: () => announced(text, match) })),
    ...labels.map((match) => ({ match, read: () => labelled(text, match) })),
    ...lastOf(text, HASH).map((match) => ({ match, read: () => labelled(text, match) })),
    ...lastOf(text, IS_ANSWER).map((match) => ({ match, read: () => before(text, match) })),
  ].sort((a, b) => b.match.index - a.match.index);
  for (const { read } of candidates) {
    const found = read();
    if (found?.answer) return found;
  }
  return null;
}

function lastOf(text: string, pattern: RegExp): RegExpExecArray[] {
  return [...text.matchAll(pattern)].slice(-MAX_CANDIDATES);
}

function announced(text: string, match: RegExpExecArray): Announced | null {
  const lead = leadOf(text, match.index);
  if (CONDITION.test(lead) || SUPPOSED.test(lead)) return null;
  const stated = readStatement(text.slice(match.index + match[0].length));
  const final =
    /\bfinal\b/i.test(lead.slice(-12)) ||
    /^[\W_\d]*(?:(?:so|thus|hence|therefore|then|and|in conclusion)\b,?\s*)*(?:the|our|my|your)?\s*(?:(?:final|correct|right)\s+)*$/i.test(
      lead,
    );
  if (!final && /(?:=|was|were)$/i.test(match[0])) return null;
  return stated && { ...stated, start: match.index, final };
}

/** After a mere label only a value counts: what else follows "A:" is reasoning, and what follows "####" a heading. */
function labelled(text: string, match: RegExpExecArray): Announced | null {
  const stated = readStatement(text.slice(match.index + match[0].length).split('\n', 1)[0]!);
  return stated?.kind === 'value' ? { ...stated, start: match.index, final: true } : null;
}

/** "Therefore, 18 is the answer.", "Option (C) is correct." */
function before(text: string, match: RegExpExecArray): Announced | null {
  const { text: lead, formulas } = maskFormulas(leadOf(text, match.index));
  if (formulas.some((formula) => /\\(?:boxed|fbox)/.test(formula)) || /\\(?:boxed|fbox)/.test(lead)) return null;
  const subject = lead
    .replace(
      /^[\W_]*?(?:(?:so|thus|hence|therefore|and|then|that|we (?:conclude|see) that|option|choice|statement|answer)\b,?\s*|[*_]+)+/i,
      '',
    )
    .replace(/^.*\bthat\s+/i, '')
    .replace(/[*_]+\s*$/, '');
  const value = leadingValue(subject.trim());
  return value && value.rest === ''
    ? { answer: unmask(value.value, formulas), kind: 'value', start: match.index, final: true }
    : null;
}

/** The sentence up to there. */
function leadOf(text: string, index: number): string {
  const lead = text.slice(Math.max(0, index - 200), index);
  return lead.slice(Math.max(...[...lead.matchAll(/\n|[.!?]\s+(?=\S)/g)].map((end) => end.index + end[0].length), 0));
}
