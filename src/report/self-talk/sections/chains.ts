import type { TalkCounts } from '../../../method/self-talk/statistics.ts';
import { count, percent } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { type Column, tabulate } from '../../tabulate.ts';
import type { SelfTalkReport } from '../data.ts';

const COUNTS: Column<TalkCounts>[] = [
  { head: 'Chains', cell: ({ chains }) => count(chains) },
  { head: 'Error-free', cell: ({ errorFree }) => count(errorFree) },
  { head: 'Right as one text', cell: ({ right }) => count(right) },
  { head: 'Yield', cell: ({ right, chains }) => percent(right / chains) },
  { head: 'Kept', cell: ({ kept }) => count(kept) },
];

/** How often chains were written again, and what came of them. */
export function chains({ statistics }: SelfTalkReport): Markup | null {
  if (!statistics || statistics.chains === 0) return null;
  const { byRewrites, byLevel, means } = statistics;
  return html`
<section id="chains"><h2>Chains</h2>
<p>A chain is error-free when the critic finds nothing wrong in its last version. Then it is made one text, and the oracle has the last word.</p>
${tabulate<TalkCounts & { rewrites: number }>(
  'By how often a chain was written again from its first wrong step',
  [{ head: 'Rewrites', cell: ({ rewrites }) => rewrites }, ...COUNTS],
  byRewrites,
)}
${tabulate<TalkCounts & { level: number | null }>(
  'By level',
  [{ head: 'Level', cell: ({ level }) => level ?? 'none' }, ...COUNTS],
  byLevel,
)}
${
  means
    ? html`<p class="aside">Those kept have ${means.steps.toFixed(1)} steps, ${means.rewrites.toFixed(2)} rewrites and ${count(means.characters)} characters in the mean.</p>`
    : null
}
</section>`;
}
