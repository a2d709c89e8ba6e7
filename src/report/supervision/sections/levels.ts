import type { LevelSummary } from '../../../method/supervision/summary.ts';
import { capital, count } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { type Column, NOTHING, tabulate } from '../../tabulate.ts';
import { type LevelBars, levelBars } from '../charts/levels.ts';
import { key, lookOf } from '../charts/looks.ts';
import type { SupervisionReport } from '../data.ts';
import { type Condition, conditionName } from '../names.ts';
import { difference, isMeasured, mean } from '../numbers.ts';
import { conditionsOf, isSameCondition } from '../strategies.ts';

type Row = LevelSummary['levels'][number];

const KINDS: Record<LevelSummary['by'], { title: string; words: string }> = {
  dataset: { title: 'Levels of the dataset', words: 'As the dataset has them.' },
  'pass rate': {
    title: 'Levels by pass rate',
    words:
      'Five equal bins of the share of right samples of the actor itself: 1 holds what it nearly always answers, 5 what it hardly ever does.',
  },
};

/** Whom a reviewer helps: greedy accuracy by level of difficulty (method.md D5). */
export async function levels({ summary }: SupervisionReport): Promise<Markup | null> {
  const present = summary.levels.filter(({ levels }) => levels.some(({ responseOnly }) => isMeasured(responseOnly)));
  if (present.length === 0) return null;
  return html`
<section id="levels"><h2>By level</h2>
${await Promise.all(present.map(byLevel))}
</section>`;
}

async function byLevel({ by, levels }: LevelSummary): Promise<Markup> {
  const { title, words } = KINDS[by];
  const conditions = conditionsOf(
    levels.flatMap(({ reviewed }) => reviewed.map(({ reviewer, gate }) => ({ reviewer, gate }))),
  );
  const reviewers = (['critic', 'self'] as const).filter((name) =>
    conditions.some(({ reviewer }) => reviewer === name),
  );
  const figure = async (conditions: Condition[]) => {
    const bars = [ALONE, ...conditions].map((condition) => barsOf(condition, levels));
    return html`<figure>${key(bars, 'bar')}${await levelBars(`Accuracy by level, ${title.toLowerCase()}`, bars)}</figure>`;
  };
  const figures = reviewers.map((name) => figure(conditions.filter(({ reviewer }) => reviewer === name)));
  return html`
<h3>${title}</h3>
<p>${words} Greedy${conditions.length === 0 ? null : '; below each accuracy its difference to response only, in percentage points, paired by question'}.</p>
<div class="pair">${await Promise.all(figures.length === 0 ? [figure([])] : figures)}</div>
${tabulate<Row>(
  `Accuracy by level, ${title.toLowerCase()}`,
  [
    { head: 'Level', cell: ({ level }) => level },
    { head: 'Questions', cell: ({ questions }) => count(questions) },
    { head: 'Response only', cell: ({ responseOnly }) => mean(responseOnly) },
    ...conditions.map(column),
  ],
  levels,
)}`;
}

const ALONE: Condition = { reviewer: null, gate: null };

const find = ({ reviewed }: Row, condition: Condition) => reviewed.find((it) => isSameCondition(it, condition));

function barsOf(condition: Condition, levels: Row[]): LevelBars {
  return {
    name: conditionName(condition),
    look: lookOf({ method: 'greedy', ...condition }),
    levels: levels.flatMap((row) => {
      const score = condition.reviewer === null ? row.responseOnly : find(row, condition)?.score;
      return score && isMeasured(score) ? [{ level: row.level, score }] : [];
    }),
  };
}

const column = (condition: Condition): Column<Row> => ({
  head: capital(conditionName(condition)),
  cell: (row) => {
    const found = find(row, condition);
    return found && isMeasured(found.score)
      ? html`${mean(found.score)}<small>${difference(found.difference)}</small>`
      : NOTHING;
  },
});
