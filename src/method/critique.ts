import { contentLines, looksMarked, readFields } from './critique-lines.ts';
import { CRITIQUE_MARKERS } from './prompts/text.ts';
import type { Verdict } from './rows.ts';

export { trimCritique } from './critique-lines.ts';

export interface CritiqueStep {
  /** The step as the critic repeats it; '' where it only labels. */
  sentence: string;
  /** null where the critic gave none, or one that is neither plainly. */
  label: 'correct' | 'wrong' | null;
  explanation: string;
}

/** What a critic says. */
export interface StatedCritique {
  steps: CritiqueStep[];
  /** On the final answer, as stated: never guessed from the steps. */
  verdict: Verdict;
  verdictExplanation: string;
}

export interface ParsedCritique extends StatedCritique {
  /** 1-based; null where no step is labelled wrong. */
  firstWrongStep: number | null;
  /** Why there are no steps or no verdict; null where there are both. */
  problem: CritiqueProblem | null;
}

/**
 * empty: no text. no-markers: not in the format at all. no-verdict: it ends before its verdict, cut off or not. unclear-verdict: one
 * that is neither "Correct" nor "Wrong" plainly. no-steps: nothing but a verdict.
 */
export type CritiqueProblem = 'empty' | 'no-markers' | 'no-verdict' | 'unclear-verdict' | 'no-steps';

/** `label-first` is the released data's; `explanation-first` makes a critic recompute a step before it labels it. */
export type CritiqueOrder = 'label-first' | 'explanation-first';

/**
 * Reads a critique in either order, or with both in it. Tolerates blank lines, Markdown, any case, numbered steps, "Incorrect", steps
 * without a label and labels without a step, text before the first marker, and a model's thoughts. What comes after the verdict and its
 * explanation is a critic rambling on, and is not read: the first verdict counts.
 */
export function parseCritique(text: string): ParsedCritique {
  const { parts, explanationFirst } = readParts(text);
  giveExplanations(parts, explanationFirst);

  const blocks = parts.filter((part) => typeof part === 'object');
  const steps = blocks.flatMap(({ kind, sentence, label, explanation }) =>
    kind === 'step' ? [{ sentence, label: readLabel(label), explanation: explanation ?? '' }] : [],
  );
  const judged = blocks.find(({ kind }) => kind === 'verdict');
  const verdict = readLabel(judged?.label) ?? 'unparsed';
  const firstWrong = steps.findIndex((step) => step.label === 'wrong');
  const problem = (): CritiqueProblem | null => {
    if (parts.length === 0) return text.trim() === '' ? 'empty' : 'no-markers';
    if (!judged) return 'no-verdict';
    if (verdict === 'unparsed') return 'unclear-verdict';
    return steps.length === 0 ? 'no-steps' : null;
  };
  return {
    steps,
    verdict,
    verdictExplanation: judged?.explanation ?? '',
    firstWrongStep: firstWrong < 0 ? null : firstWrong + 1,
    problem: problem(),
  };
}

/**
 * Writes a critique, with one blank line between blocks, as most of the released data. `parseCritique` reads it back as it was, but for
 * what would be read otherwise in a text: blank lines are left out, and a line that looks like a marker joins the one before it. An
 * unparsed verdict is not written, nor its explanation.
 */
export function formatCritique(critique: StatedCritique, order: CritiqueOrder): string {
  const { step, label, explanation, verdict } = CRITIQUE_MARKERS;
  const block = (judged: string[], explained: string) => {
    const lines = order === 'label-first' ? [...judged, explanation + explained] : [explanation + explained, ...judged];
    return lines.map((line) => line.trim()).join('\n');
  };
  const blocks = critique.steps.map((it) =>
    block([step + written(it.sentence), ...(it.label ? [label + capitalised(it.label)] : [])], written(it.explanation)),
  );
  if (critique.verdict !== 'unparsed')
    blocks.push(block([verdict + capitalised(critique.verdict)], written(critique.verdictExplanation)));
  return blocks.join('\n\n');
}

/** A step or the verdict, before its words are read. */
interface Block {
  kind: 'step' | 'verdict';
  sentence: string;
  label: string | undefined;
  explanation: string | undefined;
}

/** Blocks and, between them, explanations that are not given to one yet; nothing after the verdict but one explanation. */
type Parts = (Block | string)[];

function readParts(text: string): { parts: Parts; explanationFirst: boolean } {
  const fields = readFields(text);
  const parts: Parts = [];
  let open: Block | undefined;
  for (const { field, value } of fields) {
    if (open?.kind === 'verdict') {
      const explained = parts.at(-1) !== open;
      if (field === 'verdict' && !readLabel(open.label)) open.label = value;
      else if (field === 'explanation' && !explained) parts.push(value);
      else break;
    } else if (field === 'explanation') {
      parts.push(value);
    } else if (field === 'label' && open && open.label === undefined) {
      open.label = value;
      // An explanation between a step and its label is that step's.
      const inside = parts.splice(parts.lastIndexOf(open) + 1);
      if (inside.length > 0) open.explanation = inside.join('\n');
    } else {
      open = {
        kind: field === 'verdict' ? 'verdict' : 'step',
        sentence: field === 'step' ? value : '',
        label: field === 'step' ? undefined : value,
        explanation: undefined,
      };
      parts.push(open);
    }
  }
  return { parts, explanationFirst: fields[0]?.field === 'explanation' };
}

/**
 * Gives each explanation to the block before or after it. Within a run, in which blocks and explanations take turns, all go the same
 * way: forward where it begins with an explanation, backward where it ends with one, as the critique begins where that does not tell.
 */
function giveExplanations(parts: Parts, explanationFirst: boolean): void {
  for (const run of runs(parts)) {
    const begins = typeof run[0] === 'string';
    const ends = typeof run.at(-1) === 'string';
    const forward = begins === ends ? explanationFirst : begins;
    for (const [i, part] of run.entries()) {
      const block = forward ? run[i + 1] : (run[i - 1] ?? run[i + 1]);
      if (typeof part === 'string' && typeof block === 'object')
        block.explanation = [block.explanation, part].filter((it) => it !== undefined).join('\n');
    }
  }
}

/** Cut between two blocks, between two explanations, and around blocks that have theirs. */
function runs(parts: Parts): Parts[] {
  const found: Parts[] = [];
  let last: Block | string | undefined;
  for (const part of parts) {
    const alike = typeof part === typeof last;
    const settled = [last, part].some((it) => typeof it === 'object' && it.explanation !== undefined);
    if (last === undefined || alike || settled) found.push([part]);
    else found.at(-1)!.push(part);
    last = part;
  }
  return found;
}

/** "Correct for the equation but wrong in context" is no label, nor is a format that is repeated: "Correct or Wrong". */
function readLabel(value = ''): 'correct' | 'wrong' | null {
  const words = value.replace(/^[\s*_[("'`]+/, '');
  if (/^(wrong|incorrect|not correct)\b/i.test(words)) return 'wrong';
  if (!/^correct\b(?!\s{0,4}(?:or|\/)\s{0,4}(?:wrong|incorrect))/i.test(words)) return null;
  const objection = words.search(/\bbut\b/i);
  return objection >= 0 && /\b(wrong|incorrect|not)\b/i.test(words.slice(objection)) ? null : 'correct';
}

const capitalised = (label: 'correct' | 'wrong') => (label === 'correct' ? 'Correct' : 'Wrong');

function written(text: string): string {
  const lines: string[] = [];
  for (const line of contentLines(text)) {
    if (lines.length > 0 && looksMarked(line)) lines.push(`${lines.pop()} ${line}`);
    else lines.push(line);
  }
  return lines.join('\n');
}
