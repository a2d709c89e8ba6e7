import { CRITIQUE_MARKERS } from './prompts/text.ts';
import type { Verdict } from './rows.ts';

export interface CritiqueStep {
  /** The step as the critic repeats it; '' where it only labels. */
  sentence: string;
  /** null where the critic gave none, or one that is neither plainly. */
  label: 'correct' | 'wrong' | null;
  explanation: string;
}

export interface ParsedCritique {
  steps: CritiqueStep[];
  /** On the final answer, as stated: never guessed from the steps. */
  verdict: Verdict;
  verdictExplanation: string;
  /** 1-based; null where no step is labelled wrong. */
  firstWrongStep: number | null;
}

/** `label-first` is the released data's; `explanation-first` makes a critic recompute a step before it labels it. */
export type CritiqueOrder = 'label-first' | 'explanation-first';

type Field = keyof typeof CRITIQUE_MARKERS;

/**
 * Reads a critique in either order. Tolerates blank lines, trailing spaces, text before the first marker, "Incorrect", steps without
 * a label and labels without a step. What comes after the verdict and its explanation is a critic rambling on, and is not read.
 */
export function parseCritique(text: string): ParsedCritique {
  const fields = readFields(text);
  const explanationFirst = fields[0]?.field === 'explanation';
  const steps: CritiqueStep[] = [];
  let open: CritiqueStep | null = null;
  let pending = '';
  let verdict: Verdict = 'unparsed';
  let verdictExplanation = '';

  const openStep = (sentence: string) => {
    const step: CritiqueStep = { sentence, label: null, explanation: pending };
    pending = '';
    steps.push(step);
    return step;
  };

  for (const [position, { field, value }] of fields.entries()) {
    if (field === 'step') {
      open = openStep(value);
    } else if (field === 'label') {
      if (!open || open.label) open = openStep('');
      open.label = readLabel(value);
    } else if (field === 'explanation' && explanationFirst) {
      pending = value;
    } else if (field === 'explanation' && open) {
      open.explanation = value;
    } else if (field === 'verdict') {
      verdict = readLabel(value) ?? 'unparsed';
      const next = fields[position + 1];
      verdictExplanation = explanationFirst ? pending : next?.field === 'explanation' ? next.value : '';
      break;
    }
  }

  const firstWrong = steps.findIndex((step) => step.label === 'wrong');
  return { steps, verdict, verdictExplanation, firstWrongStep: firstWrong < 0 ? null : firstWrong + 1 };
}

/** The critique from its first marker on, which is what an actor is shown; the whole text where there is no marker. */
export function trimCritique(text: string): string {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => readMarker(line) !== null);
  return lines.slice(Math.max(first, 0)).join('\n').trim();
}

/** Writes a critique that `parseCritique` reads back as it was, with one blank line between blocks, as most of the released data. */
export function formatCritique(critique: Omit<ParsedCritique, 'firstWrongStep'>, order: CritiqueOrder): string {
  const { step, label, explanation, verdict } = CRITIQUE_MARKERS;
  const blocks = critique.steps.map((it) => {
    const labelled = [`${step}${it.sentence}`, ...(it.label ? [`${label}${capitalised(it.label)}`] : [])];
    const explained = `${explanation}${it.explanation}`;
    return order === 'label-first' ? [...labelled, explained] : [explained, ...labelled];
  });
  if (critique.verdict !== 'unparsed') {
    const judged = `${verdict}${capitalised(critique.verdict)}`;
    const explained = `${explanation}${critique.verdictExplanation}`;
    blocks.push(order === 'label-first' ? [judged, explained] : [explained, judged]);
  }
  return blocks.map((block) => block.join('\n')).join('\n\n');
}

function readFields(text: string): { field: Field; value: string }[] {
  const fields: { field: Field; value: string }[] = [];
  for (const line of text.split('\n')) {
    const marker = readMarker(line);
    const last = fields.at(-1);
    if (marker) fields.push(marker);
    else if (last && line.trim()) last.value = `${last.value}\n${line.trim()}`.trim();
  }
  return fields;
}

/** A marker opens its line, whatever its case and with or without Markdown around it. */
const MARKERS = (Object.entries(CRITIQUE_MARKERS) as [Field, string][]).map(
  ([field, marker]) =>
    [field, new RegExp(`^[\\s*_#>-]*${marker.replace(/:\s*$/, '')}\\s*\\**:\\s*(?:\\*\\*)?(.*)$`, 'i')] as const,
);

function readMarker(line: string): { field: Field; value: string } | null {
  for (const [field, pattern] of MARKERS) {
    const value = pattern.exec(line)?.[1];
    if (value !== undefined) return { field, value: value.trim() };
  }
  return null;
}

/** "Correct for the equation but wrong in context" is no label. */
function readLabel(value: string): 'correct' | 'wrong' | null {
  if (/^[\s*[]*(wrong|incorrect)\b/i.test(value)) return 'wrong';
  if (!/^[\s*[]*correct\b/i.test(value)) return null;
  return /\bbut\b.*\b(wrong|incorrect|not)\b/i.test(value) ? null : 'correct';
}

const capitalised = (label: 'correct' | 'wrong') => (label === 'correct' ? 'Correct' : 'Wrong');
