import type { Coverage, Diversity } from '../../method/diversity.ts';
import type { Proportion } from '../../method/estimate.ts';
import type { Level } from '../../method/rows.ts';
import { SMALL } from '../charts/draw.ts';
import { tailChart } from '../charts/tail.ts';
import type { IterationReport, RunReport } from '../data.ts';
import { count, proportion } from '../format.ts';
import { html, type Markup } from '../markup.ts';
import { type Column, NOTHING, tabulate } from '../tabulate.ts';

type Explored = { iteration: number } & Diversity;

/** Whether what the model teaches itself stays diverse and keeps its hard questions (method.md E3), and what was left out of it. */
export async function diversity({ iterations, critic }: RunReport): Promise<Markup | null> {
  const explored = iterations.flatMap(({ iteration, exploration }): Explored[] =>
    exploration ? [{ iteration, ...exploration.diversity }] : [],
  );
  if (explored.length === 0) return null;
  const levels = [...new Set(explored.flatMap(({ byLevel }) => byLevel.map(({ level }) => level)))].sort();
  const columns = critic === null ? COVERAGE_ALONE : COVERAGE;
  return html`
<section id="diversity"><h2>Diversity and tail</h2>
<p>Solutions count as distinct where their texts differ, and a question as solved with at least one right solution${critic === null ? null : ': before and after critique'}.
A model that learns from itself sees ever more of what it can do already: then the share of the hard levels among the accepted rows shrinks.</p>
${levels.length > 0 ? await tailPanels(explored) : null}
${tabulate<Explored>('Distinct solutions and questions solved', [ITERATION, ...columns], explored)}
${levels.length > 0 ? tailTables(explored, levels, columns) : null}
${leftOut(iterations)}
</section>`;
}

async function tailPanels(explored: Explored[]): Promise<Markup> {
  const most = Math.max(...explored.flatMap(({ byLevel }) => byLevel.map(({ share }) => share.high)));
  const panel = async (diversity: Explored) => {
    const name = `Share of accepted rows by level, iteration ${diversity.iteration}`;
    return html`<figure><figcaption>Iteration ${diversity.iteration}, share by level</figcaption>${await tailChart(name, diversity, SMALL, most)}</figure>`;
  };
  return html`<div class="panels">${await Promise.all(explored.map(panel))}</div>`;
}

function tailTables(explored: Explored[], levels: Level[], columns: Column<Coverage>[]): Markup {
  const at = (level: Level): Column<Explored> => ({
    head: `Level ${level}`,
    cell: ({ byLevel }) => {
      const found = byLevel.find((row) => row.level === level);
      return found ? share(found.share) : NOTHING;
    },
  });
  type Row = Coverage & { where: string };
  const rows = explored.flatMap(({ iteration, byLevel }) =>
    byLevel.map((row): Row => ({ where: `${iteration}, level ${row.level}`, ...row })),
  );
  return html`
${tabulate<Explored>('Share of accepted rows by level', [ITERATION, ...levels.map(at)], explored)}
${tabulate<Row>(
  'Distinct solutions and questions solved by level',
  [{ head: 'Iteration', cell: ({ where }) => where }, ...columns],
  rows,
)}`;
}

function leftOut(iterations: IterationReport[]): Markup | null {
  type Row = { iteration: number } & NonNullable<IterationReport['removed']>;
  const rows = iterations.flatMap(({ iteration, removed }): Row[] => (removed ? [{ iteration, ...removed }] : []));
  return html`
${tabulate<Row>(
  'Right rows that are not trained on',
  [
    { head: 'Iteration', cell: ({ iteration }) => iteration },
    { head: 'Same text as another', cell: ({ duplicates }) => count(duplicates) },
    { head: 'Over a cap', cell: ({ overCap }) => count(overCap) },
    { head: 'Shortcut', cell: ({ shortcuts }) => count(shortcuts) },
    { head: 'Listed in', words: true, cell: ({ uri }) => html`<code class="uri">${uri}</code>` },
  ],
  rows,
)}`;
}

const ITERATION: Column<Explored> = { head: 'Iteration', cell: ({ iteration }) => iteration };

const share = ({ value, low, high }: Proportion) => (value === null ? NOTHING : proportion({ value, low, high }));

const mean = (value: number | null) => (value === null ? NOTHING : value.toFixed(2));

const COVERAGE_ALONE: Column<Coverage>[] = [
  { head: 'Questions', cell: ({ questions }) => count(questions) },
  { head: 'Distinct per question', cell: ({ distinctAfter }) => mean(distinctAfter) },
  { head: 'Solved', cell: ({ solvedAfter }) => share(solvedAfter) },
];

const COVERAGE: Column<Coverage>[] = [
  { head: 'Questions', cell: ({ questions }) => count(questions) },
  {
    head: 'Distinct per question',
    cell: ({ distinctBefore, distinctAfter }) => `${mean(distinctBefore)} \u2192 ${mean(distinctAfter)}`,
  },
  { head: 'Solved before critique', cell: ({ solvedBefore }) => share(solvedBefore) },
  { head: 'Solved after critique', cell: ({ solvedAfter }) => share(solvedAfter) },
];
