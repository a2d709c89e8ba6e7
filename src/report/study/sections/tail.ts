import { type Difference, independentDifference, proportion as share } from '../../../method/estimate.ts';
import type { Level } from '../../../method/rows.ts';
import type { Explored, LoopName } from '../../../method/study/evidence.ts';
import { around } from '../../charts/shares.ts';
import { CONFIDENCE, capital, count, interval, signed } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { type LevelBars, levelBars } from '../../supervision/charts/levels.ts';
import { key } from '../../supervision/charts/looks.ts';
import { isMeasured, mean } from '../../supervision/numbers.ts';
import { NOTHING, tabulate } from '../../tabulate.ts';
import type { StudyData } from '../data.ts';
import { LOOKS, LOOPS } from '../names.ts';

interface Run {
  name: LoopName;
  iteration: number;
  explored: Explored;
}

/** Where the rows are that self-improvement adds, what it covers, and what it leaves out (method.md E3). */
export async function tail({ evidence: { iterations } }: StudyData): Promise<Markup | null> {
  const runs = (['vanilla', 'loop'] as const).flatMap((name) =>
    iterations[name].flatMap(({ iteration, explored }): Run[] => (explored ? [{ name, iteration, explored }] : [])),
  );
  if (runs.length === 0) return null;
  const byIteration = runs.toSorted((a, b) => a.iteration - b.iteration);
  return html`
<section id="tail"><h2>Hard tail and diversity</h2>
<p>What each iteration accepts of its own solutions on the training questions. A question is solved with at least one right solution; solutions count as distinct where their texts differ. Intervals are ${CONFIDENCE} ones.</p>
${await shares(runs)}
<div class="named">${tabulate<Run>(
    'Coverage, distinct solutions, and what was not trained on',
    [
      { head: 'Run', cell: ({ name, iteration }) => `${capital(LOOPS[name])}, iteration ${iteration}` },
      { head: 'Questions', cell: ({ explored }) => count(explored.diversity.questions) },
      { head: 'Solved before critique', cell: ({ explored }) => mean(explored.diversity.solvedBefore) },
      { head: 'Solved after', cell: ({ explored }) => mean(explored.diversity.solvedAfter) },
      { head: 'Distinct solutions per question', cell: ({ explored }) => distinct(explored) },
      { head: 'Accepted rows', cell: ({ explored }) => count(explored.accepted) },
      { head: 'Same text as another', cell: ({ explored }) => count(explored.removed.duplicates) },
      { head: 'Over a cap', cell: ({ explored }) => count(explored.removed.overCap) },
      { head: 'Shortcut', cell: ({ explored }) => count(explored.removed.shortcuts) },
    ],
    byIteration,
  )}</div>
</section>`;
}

const distinct = ({ diversity: { distinctBefore, distinctAfter } }: Explored) =>
  distinctBefore === null || distinctAfter === null
    ? NOTHING
    : `${distinctBefore.toFixed(2)} \u2192 ${distinctAfter.toFixed(2)}`;

/** Share of the accepted rows at each level, in the last iteration that both runs have. */
async function shares(runs: readonly Run[]): Promise<Markup | null> {
  const of = (name: LoopName) => runs.filter((run) => run.name === name && run.explored.diversity.byLevel.length > 0);
  const loop = of('loop').findLast(({ iteration }) => of('vanilla').some((run) => run.iteration === iteration));
  const vanilla = loop && of('vanilla').find(({ iteration }) => iteration === loop.iteration);
  const both = [vanilla, loop].filter((run) => run !== undefined);
  if (!loop || !vanilla) return null;
  const at = ({ explored }: Run, level: Level) =>
    explored.diversity.byLevel.find((row) => row.level === level)?.share ?? share(0, 0);
  const levels = [
    ...new Set(both.flatMap(({ explored }) => explored.diversity.byLevel.map(({ level }) => level))),
  ].sort();
  const bars = both.map(
    (run): LevelBars => ({
      name: LOOPS[run.name],
      look: LOOKS[run.name],
      levels: levels.flatMap((level) => {
        const score = at(run, level);
        return isMeasured(score) ? [{ level, score }] : [];
      }),
    }),
  );
  return html`
<figure><figcaption>Share of the accepted rows by level, iteration ${loop.iteration}</figcaption>${key(bars, 'bar')}${await levelBars('Share of the accepted rows', bars, around(bars.flatMap(({ levels }) => levels.map(({ score }) => score)))[1])}</figure>
${tabulate<Level>(
  `Share of the accepted rows by level, iteration ${loop.iteration}; difference in percentage points`,
  [
    { head: 'Level', cell: (level) => level },
    { head: capital(LOOPS.vanilla), cell: (level) => mean(at(vanilla, level)) },
    { head: capital(LOOPS.loop), cell: (level) => mean(at(loop, level)) },
    { head: 'Loop minus vanilla', cell: (level) => points(independentDifference(at(vanilla, level), at(loop, level))) },
  ],
  levels,
)}`;
}

const points = ({ difference, low, high }: Omit<Difference, 'p'>) =>
  difference === null ? NOTHING : `${signed(difference)} (${interval(low, high, signed)})`;
