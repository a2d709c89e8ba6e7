import type { Level } from '../../method/rows.ts';
import { acceptedChart } from '../charts/accepted.ts';
import { SMALL, WIDE } from '../charts/draw.ts';
import { legend } from '../charts/legend.ts';
import type { ExplorationReport, IterationReport, RunReport } from '../data.ts';
import { count, percent } from '../format.ts';
import { html, type Markup } from '../markup.ts';
import { total } from '../outcomes.ts';
import { type Column, NOTHING, tabulate } from '../tabulate.ts';

type Explored = IterationReport & { exploration: ExplorationReport };

/** What the actor found on the training questions, without and with the critic's help, and where by level. */
export async function exploration({ iterations, critic }: RunReport): Promise<Markup | null> {
  const explored = iterations.filter((iteration): iteration is Explored => iteration.exploration !== undefined);
  if (explored.length === 0) return null;
  const points = explored.map(({ iteration, exploration: { accepted } }) => ({ iteration, accepted }));
  return html`
<section id="exploration"><h2>Exploration</h2>
<div class="beside">
<figure>
${legend('accepted without critique', critic === null ? null : 'accepted with critique')}
${await acceptedChart('Accepted rows', points, WIDE)}
</figure>
<p>Rows accepted for training: correct responses${critic === null ? null : ', and refinements that a critique made correct'}.
A question is solved when at least one of its texts is correct.</p>
</div>
${tabulate('Exploration by iteration', [...COLUMNS, ...(critic === null ? VANILLA : WITH_CRITIC)], explored)}
${await acceptedByLevel(explored, critic !== null)}
</section>`;
}

/** Where the accepted rows are: one panel a level, on one axis. Shows whether the hard levels are starved (method.md E3). */
async function acceptedByLevel(explored: Explored[], withCritic: boolean): Promise<Markup | null> {
  const rows = explored.flatMap(({ iteration, exploration }) =>
    exploration.byLevel.map((row) => ({ iteration, ...row })),
  );
  const levels = [...new Set(rows.map(({ level }) => level))].sort();
  if (levels.length === 0) return null;
  const most = Math.max(...rows.map(({ accepted }) => accepted.withoutCritique + accepted.withCritique));
  const panel = async (level: Level) => {
    const points = rows.filter((row) => row.level === level);
    const chart = await acceptedChart(`Accepted rows at level ${level}`, points, SMALL, most);
    return html`<figure><figcaption>Level ${level}</figcaption>${chart}</figure>`;
  };
  return html`
<div class="panels">${await Promise.all(levels.map(panel))}</div>
${tabulate(
  withCritic ? 'Accepted rows by level, without + with critique' : 'Accepted rows by level',
  [ITERATION, ...levels.map((level) => levelColumn(level, withCritic))],
  explored,
)}`;
}

const ITERATION: Column<Explored> = { head: 'Iteration', cell: ({ iteration }) => iteration };

const COLUMNS: Column<Explored>[] = [
  ITERATION,
  { head: 'Questions', cell: ({ exploration }) => count(exploration.questions) },
  { head: 'Responses', cell: ({ exploration }) => count(total(exploration.responses)) },
  { head: 'Responses correct', cell: ({ exploration }) => ofTotal(exploration.responses) },
];

const VANILLA: Column<Explored>[] = [
  { head: 'Accepted', cell: ({ exploration }) => count(exploration.accepted.withoutCritique) },
  {
    head: 'Questions solved',
    cell: ({ exploration: { solved, questions } }) => percent(solved.withoutCritique / questions),
  },
];

const WITH_CRITIC: Column<Explored>[] = [
  {
    head: 'Critiques',
    cell: ({ exploration: { critic } }) => (critic ? count(total(critic.verdicts)) : NOTHING),
  },
  {
    head: 'Refinements',
    cell: ({ exploration: { refinements } }) => (refinements ? count(total(refinements)) : NOTHING),
  },
  {
    head: 'Refinements correct',
    cell: ({ exploration: { refinements } }) => (refinements ? ofTotal(refinements) : NOTHING),
  },
  { head: 'Accepted without critique', cell: ({ exploration }) => count(exploration.accepted.withoutCritique) },
  { head: 'Accepted with critique', cell: ({ exploration }) => count(exploration.accepted.withCritique) },
  {
    head: 'Questions solved',
    cell: ({ exploration: { solved, questions } }) =>
      `${percent(solved.withoutCritique / questions)} \u2192 ${percent(solved.withCritique / questions)}`,
  },
];

const ofTotal = (outcomes: ExplorationReport['responses']) => {
  const all = total(outcomes);
  return all === 0 ? NOTHING : `${count(outcomes.correct)} (${percent(outcomes.correct / all)})`;
};

const levelColumn = (level: Level, withCritic: boolean): Column<Explored> => ({
  head: `Level ${level}`,
  cell: ({ exploration }) => {
    const row = exploration.byLevel.find((row) => row.level === level);
    if (!row) return NOTHING;
    const { withoutCritique, withCritique } = row.accepted;
    return count(withoutCritique) + (withCritic ? ` + ${count(withCritique)}` : '');
  },
});
