import { CONFIDENCE, count } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { type LevelBars, levelBars } from '../../supervision/charts/levels.ts';
import { key, lookOf } from '../../supervision/charts/looks.ts';
import { type Condition, conditionName } from '../../supervision/names.ts';
import { difference, isMeasured, mean } from '../../supervision/numbers.ts';
import { isSameCondition } from '../../supervision/strategies.ts';
import { tabulate } from '../../tabulate.ts';
import { paperColumn } from '../cells.ts';
import type { StudyData } from '../data.ts';
import { ALONE } from '../measures.ts';
import { BY_LEVEL } from '../paper.ts';

/** Whom the critic helps: greedy accuracy by level (method.md D5). */
export async function levels({ evidence: { evaluations, gate } }: StudyData): Promise<Markup | null> {
  const all = evaluations.sft?.summary.levels ?? [];
  const shown = all.find(({ by }) => by === 'pass rate') ?? all[0];
  const withCritic: Condition = { reviewer: 'critic', gate };
  if (!shown?.levels.some(({ reviewed }) => reviewed.some((it) => isSameCondition(it, withCritic)))) return null;
  type Row = (typeof shown.levels)[number];
  const found = ({ reviewed }: Row) => reviewed.find((it) => isSameCondition(it, withCritic));
  const bars = [ALONE, withCritic].map(
    (condition): LevelBars => ({
      name: conditionName(condition),
      look: lookOf({ method: 'greedy', ...condition }),
      levels: shown.levels.flatMap((row) => {
        const score = condition.reviewer === null ? row.responseOnly : found(row)?.score;
        return score && isMeasured(score) ? [{ level: row.level, score }] : [];
      }),
    }),
  );
  return html`
<section id="levels"><h2>By difficulty</h2>
<div class="beside"><figure>${key(bars, 'bar')}${await levelBars('Accuracy by level', bars)}</figure>
<p>${
    shown.by === 'pass rate'
      ? 'Levels are five equal bins of the share of right samples of the actor itself: 1 holds what it nearly always answers, 5 what it hardly ever does.'
      : 'Levels are the dataset\u2019s.'
  } The fine-tuned actor, greedy, with ${CONFIDENCE} intervals; differences are paired, in percentage points.</p></div>
${tabulate<Row>(
  'Accuracy by level, alone and with the critic',
  [
    { head: 'Level', cell: ({ level }) => level },
    { head: 'Questions', cell: ({ questions }) => count(questions) },
    { head: 'Response only', cell: ({ responseOnly }) => mean(responseOnly) },
    { head: 'With critic', cell: (row) => mean(found(row)?.score ?? NONE) },
    { head: 'Difference', cell: (row) => difference(found(row)?.difference ?? null) },
    paperColumn(({ level }) => ({ gsm8k: BY_LEVEL.gsm8k[level - 1]!, math: BY_LEVEL.math[level - 1]! })),
  ],
  shown.levels,
)}
</section>`;
}

const NONE = { value: null, low: 0, high: 1, n: 0 };
