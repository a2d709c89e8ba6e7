import type { Difference } from '../../../method/estimate.ts';
import type { IterationEvidence, LoopName } from '../../../method/study/evidence.ts';
import { CONFIDENCE } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import type { Curve } from '../../supervision/charts/curves.ts';
import { key } from '../../supervision/charts/looks.ts';
import { isMeasured } from '../../supervision/numbers.ts';
import { tabulate } from '../../tabulate.ts';
import { gain, paperColumn, share } from '../cells.ts';
import { iterationLines } from '../charts/iterations.ts';
import type { StudyData } from '../data.ts';
import { LOOKS, LOOPS } from '../names.ts';
import { BY_ITERATION, type Published } from '../paper.ts';

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
  return html`
<section id="iterations"><h2>Self-improvement by iteration</h2>
<div class="beside"><figure>${key(lines, 'points')}${await iterationLines('Accuracy by iteration', lines)}</figure>
<p>Greedy accuracy on the test questions, response only unless said, with ${CONFIDENCE} intervals; differences are paired by question, in percentage points. The paper\u2019s numbers are vanilla / in the loop, with 10 samples a question.</p></div>
<div class="named many">${tabulate<Row>(
    'Accuracy by iteration',
    [
      { head: 'Iteration', cell: ({ iteration }) => iteration },
      { head: 'Vanilla', cell: ({ vanilla }) => share(vanilla?.accuracy) },
      { head: 'Over the one before', cell: ({ vanilla }) => gain(vanilla?.overPrevious) },
      { head: 'In the loop', cell: ({ loop }) => share(loop?.accuracy) },
      { head: 'Over the one before', cell: ({ loop }) => gain(loop?.overPrevious) },
      { head: 'In the loop, with critic', cell: ({ loop }) => share(loop?.accuracyWithCritic) },
      { head: 'Loop minus vanilla', cell: ({ difference }) => gain(difference) },
      paperColumn(({ iteration }) => paperAt(iteration)),
    ],
    rows,
  )}</div>
</section>`;
}

function paperAt(iteration: number): Published | null {
  const [gsm8k, math] = [BY_ITERATION.gsm8k[iteration], BY_ITERATION.math[iteration]];
  return gsm8k && math ? { gsm8k, math } : null;
}
