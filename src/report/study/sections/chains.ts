import type { Method } from '../../../method/supervision/summary.ts';
import { around } from '../../charts/shares.ts';
import { CONFIDENCE } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { type Curve, curves } from '../../supervision/charts/curves.ts';
import { key, type Look } from '../../supervision/charts/looks.ts';
import { type Measured, mean } from '../../supervision/numbers.ts';
import { measuresOf } from '../../supervision/strategies.ts';
import { NOTHING, tabulate } from '../../tabulate.ts';
import type { StudyData } from '../data.ts';

const LINES: { method: Method; name: string; look: Look; figure: 'answer' | 'any' }[] = [
  {
    method: 'maj',
    name: 'parallel vote',
    look: { colour: 'var(--without)', dash: [1, 0], shape: 'circle' },
    figure: 'answer',
  },
  {
    method: 'sequential-vote',
    name: 'sequential vote',
    look: { colour: 'var(--chain)', dash: [10, 2], shape: 'triangle-right' },
    figure: 'answer',
  },
  {
    method: 'sequential-last',
    name: 'sequential final',
    look: { colour: 'var(--last)', dash: [2, 2], shape: 'cross' },
    figure: 'answer',
  },
  {
    method: 'pass',
    name: 'parallel pass',
    look: { colour: 'var(--without)', dash: [1, 0], shape: 'circle' },
    figure: 'any',
  },
  {
    method: 'sequential-pass',
    name: 'sequential pass',
    look: { colour: 'var(--chain)', dash: [10, 2], shape: 'triangle-right' },
    figure: 'any',
  },
];

/** Rounds in a chain against samples in parallel, both with the critic (method.md D7). */
export async function chains({ evidence: { evaluations, gate } }: StudyData): Promise<Markup | null> {
  const sft = evaluations.sft;
  if (!sft || sft.plan.rounds === 0) return null;
  const lines = LINES.map((line) => ({
    ...line,
    measures: measuresOf(sft.summary, line.method, { reviewer: 'critic', gate }),
  })).filter(({ measures }) => measures.length > 0);
  if (!lines.some(({ method }) => method.startsWith('sequential'))) return null;
  const figure = async (title: string, of: 'answer' | 'any') => {
    const curvesOf = lines
      .filter(({ figure }) => figure === of)
      .map(
        ({ name, look, measures }): Curve => ({
          name,
          look,
          points: measures.map(({ k, score }) => ({ ...(score as Measured), x: k })),
        }),
      );
    if (curvesOf.length === 0) return null;
    return html`<figure><figcaption>${title}</figcaption>${key(curvesOf, 'points')}${await curves(title, { title: 'samples or rounds', base: 2 }, curvesOf, around(curvesOf.flatMap(({ points }) => points)))}</figure>`;
  };
  const ks = [...new Set(lines.flatMap(({ measures }) => measures.map(({ k }) => k)))].sort((a, b) => a - b);
  return html`
<section id="chains"><h2>Parallel and sequential</h2>
<p>The fine-tuned actor with the critic (gate ${gate}): n samples, each critiqued and refined, against n rounds of critique and refinement one after the other. Shaded are ${CONFIDENCE} intervals.</p>
<div class="pair">${await Promise.all([figure('Accuracy of one answer', 'answer'), figure('Any answer right', 'any')])}</div>
${tabulate<number>(
  'Accuracy by samples or rounds',
  [
    { head: 'n', cell: (k) => k },
    ...lines.map(({ name, measures }) => ({
      head: name,
      cell: (n: number) => {
        const measure = measures.find(({ k }) => k === n);
        return measure ? mean(measure.score) : NOTHING;
      },
    })),
  ],
  ks,
)}
</section>`;
}
