import type { Difference } from '../../../method/estimate.ts';
import type { IterationEvidence, LoopName } from '../../../method/study/evidence.ts';
import { CONFIDENCE } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import type { Curve } from '../../supervision/charts/curves.ts';
import { key } from '../../supervision/charts/looks.ts';
import { difference, isMeasured, mean } from '../../supervision/numbers.ts';
import { NOTHING, tabulate } from '../../tabulate.ts';
import { iterationLines } from '../charts/iterations.ts';
import type { StudyData } from '../data.ts';
import { LOOKS, LOOPS } from '../names.ts';
import { BY_ITERATION } from '../paper.ts';

interface Row {
  iteration: number;
  vanilla: IterationEvidence | undefined;
  loop: IterationEvidence | undefined;
  difference: Difference | null;
}

/** Accuracy by iteration, in the loop and vanilla (method.md E2). */
export async function iterations({ evidence: { iterations, loopOverVanilla } }: StudyData): Promise<Markup | null> {
  const line = (name: LoopName): Curve => ({
    name: LOOPS[name],
    look: LOOKS[name],
    points: iterations[name].flatMap(({ iteration, accuracy }) =>
      accuracy && isMeasured(accuracy) ? [{ ...accuracy, x: iteration }] : [],
    ),
  });
  const lines = [line('vanilla'), line('loop')].filter(({ points }) => points.length > 0);
  if (lines.length === 0) return null;
  const numbers = [...new Set(lines.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
  const rows = numbers.map((iteration): Row => {
    const of = (name: LoopName) => iterations[name].find((it) => it.iteration === iteration);
    const both = loopOverVanilla.find((it) => it.iteration === iteration)?.difference ?? null;
    return { iteration, vanilla: of('vanilla'), loop: of('loop'), difference: both };
  });
  const accuracy = (it: IterationEvidence | undefined, of: 'accuracy' | 'accuracyWithCritic' = 'accuracy') => {
    const score = it?.[of];
    return score ? mean(score) : NOTHING;
  };
  const paper = (set: 'gsm8k' | 'math') => ({
    head: `Paper, ${set === 'math' ? 'MATH' : 'GSM8K'}`,
    cell: ({ iteration }: Row) => {
      const [vanilla, loop] = [BY_ITERATION.vanilla[set][iteration], BY_ITERATION.loop[set][iteration]];
      return loop === undefined ? NOTHING : `${vanilla} / ${loop}`;
    },
  });
  return html`
<section id="iterations"><h2>Self-improvement by iteration</h2>
<p>Greedy accuracy on the test questions, response only unless said, with ${CONFIDENCE} intervals; differences are paired by question, in percentage points. The paper\u2019s numbers are vanilla / in the loop, with 10 samples a question.</p>
<figure>${key(lines, 'points')}${await iterationLines('Accuracy by iteration', lines)}</figure>
<div class="named">${tabulate<Row>(
    'Accuracy by iteration',
    [
      { head: 'Iteration', cell: ({ iteration }) => iteration },
      { head: 'Vanilla', cell: ({ vanilla }) => accuracy(vanilla) },
      { head: 'Over the one before', cell: ({ vanilla }) => difference(vanilla?.overPrevious ?? null) },
      { head: 'In the loop', cell: ({ loop }) => accuracy(loop) },
      { head: 'Over the one before', cell: ({ loop }) => difference(loop?.overPrevious ?? null) },
      { head: 'In the loop, with critic', cell: ({ loop }) => accuracy(loop, 'accuracyWithCritic') },
      { head: 'Loop minus vanilla', cell: (row) => difference(row.difference) },
      paper('gsm8k'),
      paper('math'),
    ],
    rows,
  )}</div>
</section>`;
}
