import { count, counted } from '../format.ts';
import { isMeasured, mean } from '../supervision/numbers.ts';
import type { CritiquesReport } from './data.ts';
import { reasonWords } from './words.ts';

/** What came out, in plain words. */
export function headline({ statistics, filter, unfinished }: CritiquesReport): string[] {
  const { total, removed, agreement } = statistics;
  if (total.annotated === 0) return ['Nothing was annotated.'];
  const filtered = filter ? ` (at least ${filter.keep} of ${filter.refinements} refinements right)` : '';
  const sentences = [
    `${count(total.kept)} of ${counted(total.annotated, 'critique')} are kept${filtered}: ${mean(total.yield)}.`,
  ];
  const worst = removed.filter(({ stage }) => stage !== 'path').sort((a, b) => b.count - a.count);
  if (worst.length > 0)
    sentences.push(
      `Removed: ${worst
        .slice(0, 3)
        .map((removal) => `${count(removal.count)} (${reasonWords(removal)})`)
        .join(', ')}.`,
    );
  if (isMeasured(agreement.verdict))
    sentences.push(`The annotator agrees with the oracle on ${mean(agreement.verdict)}.`);
  if (unfinished > 0) sentences.push(`${counted(unfinished, 'critique')} had yet to be filtered when the run ended.`);
  return sentences;
}
