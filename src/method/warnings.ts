import type { Proportion } from './estimate.ts';
import type { OddCounts, OddOutcome } from './odd.ts';

/** What would be a quiet success: one sentence for people for each, with its numbers and what to change. Empty where all is well. */

/** How the model of a stage was asked. */
interface Asked {
  maxTokens: number;
  promptFamily: string;
}

/** More of a stage's texts than this is no accident. */
const NOTABLE_SHARE = 0.2;
/** From so many on a share, or that there is none, says something. */
const ENOUGH = 20;

const MEANING: Record<OddOutcome, (asked: Asked) => string> = {
  truncated: ({ maxTokens }) => `were cut off: raise the model's maxTokens (${maxTokens})`,
  contextExceeded: ({ maxTokens }) =>
    `did not fit into the model's context: serve it with a longer one, or lower its maxTokens (${maxTokens})`,
  rejected: () => 'were refused by the engine, which says why in their rows ("refusal")',
  failed: () => 'failed at the engine again and again, which says why in their rows ("refusal")',
  unavailable: () => 'were given up on, because the engine did not answer in time',
  unparsed: ({ promptFamily }) =>
    `are not in the expected format: see that the model was trained to it, and its promptFamily ("${promptFamily}")`,
  ungraded: () => 'could not be graded: see the references of the questions, and the log of the worker',
};

/** @param stage in words @param counts its texts, and what became of those that were not written to their end and read */
export function oddWarnings(stage: string, { rows, odd }: { rows: number; odd: OddCounts }, asked: Asked): string[] {
  return (Object.entries(odd) as [OddOutcome, number][])
    .filter(([, n]) => n === rows || (rows >= ENOUGH && n > NOTABLE_SHARE * rows))
    .map(([outcome, n]) => `${stage}: ${shareOf(n, rows)} texts ${MEANING[outcome](asked)}`);
}

/** @param stage in words, one whose texts answer a question */
export function noneRight(stage: string, { rows, correct }: { rows: number; correct: number }): string[] {
  if (correct > 0 || rows < ENOUGH) return [];
  return [`${stage}: none of ${rows} answers is right: read some of them in the store before you believe any number`];
}

/** Of two iterations, one after the other. @param before null where it was not measured */
export function collapse(iteration: number, before: Proportion | null, now: Proportion): string[] {
  if (before === null || before.value === null || now.value === null) return [];
  if (now.high >= before.low || now.value > before.value / 2) return [];
  return [
    `iteration ${iteration}: accuracy fell from ${percent(before.value)} to ${percent(now.value)} (n = ${now.n}): ` +
      'read its responses and its training rows before you go on from it',
  ];
}

/** @param stage in words @param trained rows that it was trained on, and rows that were left out */
export function leftOut(stage: string, { rows, dropped }: { rows: number; dropped: number }): string[] {
  if (dropped === 0) return [];
  return [
    `${stage}: ${shareOf(dropped, rows + dropped)} rows were left out, because their prompts alone fill maxLength`,
  ];
}

type Agreement = Pick<Proportion, 'value' | 'n'>;

/** @param critic in words @param onRight share of verdicts that agree with the oracle, on right responses @param onWrong on wrong ones */
export function oneSided(critic: string, onRight: Agreement, onWrong: Agreement): string[] {
  if (onRight.n === 0 || onWrong.n === 0 || onRight.n + onWrong.n < ENOUGH) return [];
  const says = onRight.value === 1 && onWrong.value === 0 ? 'right' : null;
  const other = onRight.value === 0 && onWrong.value === 1 ? 'wrong' : null;
  const label = says ?? other;
  if (!label) return [];
  return [
    `${critic} calls all ${onRight.n + onWrong.n} responses ${label}, ${says ? onWrong.n : onRight.n} of them by mistake: ` +
      'its verdicts tell nothing',
  ];
}

const shareOf = (n: number, rows: number) => `${n} of ${rows} (${percent(n / rows)})`;

const percent = (share: number) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
