import type { TalkCounts, TalkStatistics } from '../../../method/self-talk/statistics.ts';
import { count, percent } from '../../format.ts';
import { html, type Markup } from '../../markup.ts';
import { tabulate } from '../../tabulate.ts';
import type { StudyData } from '../data.ts';

/** How the self-talks came about, and what was left out of them (method.md F). */
export function selfTalk({ selfTalk }: StudyData): Markup | null {
  if (!selfTalk) return null;
  const { chains, yield: yielded, byRewrites, means, removed } = selfTalk;
  type Row = TalkCounts & { rewrites: number };
  return html`
<section id="self-talk"><h2>Self-talk data</h2>
<p>Chains of steps and critiques, written again from the first wrong step until the critic finds none, and then made one text. ${yielded.value === null ? null : `Of ${count(chains)} chains, ${percent(yielded.value)} became a text with the right answer.`} ${means ? `Those kept have ${means.steps.toFixed(1)} steps on average and were written again ${means.rewrites.toFixed(2)} times.` : null}</p>
${tabulate<Row>(
  'Chains by how often they were written again',
  [
    { head: 'Rewrites', cell: ({ rewrites }) => rewrites },
    { head: 'Chains', cell: ({ chains }) => count(chains) },
    { head: 'Error-free', cell: ({ errorFree }) => count(errorFree) },
    { head: 'Right', cell: ({ right }) => count(right) },
    { head: 'Kept', cell: ({ kept }) => count(kept) },
  ],
  byRewrites,
)}
${
  removed.length === 0
    ? null
    : tabulate<TalkStatistics['removed'][number]>(
        'Chains that are not trained on; every one is listed with its reason in the run\u2019s removed.jsonl',
        [
          { head: 'Reason', cell: ({ reason }) => reason },
          { head: 'Chains', cell: ({ rows }) => count(rows) },
        ],
        removed,
      )
}
</section>`;
}
