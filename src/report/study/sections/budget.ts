import type { Mean } from '../../../method/estimate.ts';
import type { Budget } from '../../../method/study/evidence.ts';
import { around } from '../../charts/shares.ts';
import { CONFIDENCE, count } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { type Curve, curves } from '../../supervision/charts/curves.ts';
import { key, type Look } from '../../supervision/charts/looks.ts';
import { isMeasured, mean } from '../../supervision/numbers.ts';
import { NOTHING, tabulate } from '../../tabulate.ts';
import type { StudyData } from '../data.ts';

const LOOKS: Record<'critic' | 'k' | '2k' | '3k', Look> = {
  critic: { colour: 'var(--with)', dash: [1, 0], shape: 'diamond' },
  k: { colour: 'var(--without)', dash: [1, 0], shape: 'circle' },
  '2k': { colour: 'var(--verdict)', dash: [6, 3], shape: 'square' },
  '3k': { colour: 'var(--last)', dash: [2, 2], shape: 'triangle-up' },
};

/** Whether reviewed votes are worth what they cost (method.md D6). */
export async function budget({ evidence: { budget, gate } }: StudyData): Promise<Markup | null> {
  const line = (name: string, look: Look, of: (at: Budget) => Mean | null): Curve => ({
    name,
    look,
    points: budget.flatMap((at) => {
      const score = of(at);
      return score && isMeasured(score) ? [{ ...score, x: at.k }] : [];
    }),
  });
  const lines = [
    line('with critic at k', LOOKS.critic, ({ withCritic }) => withCritic),
    line('alone at k', LOOKS.k, ({ alone }) => alone.k),
    line('alone at 2k: as many generations of the actor', LOOKS['2k'], ({ alone }) => alone['2k']),
    line('alone at 3k: as many generations', LOOKS['3k'], ({ alone }) => alone['3k']),
  ].filter(({ points }) => points.length > 0);
  if (lines.length === 0) return null;
  const cell = (score: Mean | null) => (score ? mean(score) : NOTHING);
  return html`
<section id="budget"><h2>Votes at equal compute</h2>
<div class="beside"><figure>${key(lines, 'points')}${await curves('Accuracy of votes', { title: 'k', base: 2 }, lines, around(lines.flatMap(({ points }) => points)))}</figure>
<p>Accuracy of the vote of k samples of the fine-tuned actor, each critiqued and refined (gate ${gate}), beside votes without the critic that take as many samples, actor generations or generations in all. Shaded are ${CONFIDENCE} intervals.
Under the gate of the verdict some samples are not refined: then the vote with the critic takes less than 3k.</p></div>
${tabulate<Budget>(
  'Accuracy of votes by number of samples',
  [
    { head: 'k', cell: ({ k }) => count(k) },
    { head: 'With critic at k', cell: ({ withCritic }) => cell(withCritic) },
    { head: 'Alone at k', cell: ({ alone }) => cell(alone.k) },
    { head: 'Alone at 2k', cell: ({ alone }) => cell(alone['2k']) },
    { head: 'Alone at 3k', cell: ({ alone }) => cell(alone['3k']) },
  ],
  budget,
)}
</section>`;
}
